import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { planActivation, type Step } from "../../../deploy/activation/plan-activation.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import { declared, foreign, hostFacts, old, transaction, wanted } from "../support/facts.ts";

const kinds = (facts: HostFacts): string[] => planActivation(facts, wanted).map(({ kind }) => kind);
const whole = ["roots", "push", "check", "test", "commit"];
const bootOf = (toplevel: typeof old) => ({ ...hostFacts().boot, toplevel });
const done = { current: declared, profile: declared, boot: bootOf(declared) };
const stepOf = <K extends Step["kind"]>(plan: readonly Step[], kind: K) =>
  plan.find((step): step is Extract<Step, { readonly kind: K }> => step.kind === kind);

describe("the plan for a host", () => {
  it("is everything, in this order, for a host that runs something else", () => {
    assert.deepEqual(kinds(hostFacts()), whole);
    const plan = planActivation(hostFacts({ failedUnits: ["old.service"] }), wanted);
    assert.deepEqual(stepOf(plan, "roots"), { kind: "roots", declared, previous: old });
    const test = stepOf(plan, "test");
    assert.deepEqual([test?.job, test?.attach], ["00000000000000aa-test-1", false]);
    assert.deepEqual(test?.transaction.failedBefore, ["old.service"]);
    assert.deepEqual(test?.transaction.previous, { current: old, profile: old, generation: 7 });
  });

  it("is nothing only if current, profile and boot entry agree and nothing is left over", () => {
    assert.deepEqual(kinds(hostFacts(done)), []);
    const almost: readonly Partial<HostFacts>[] = [
      { current: old },
      { profile: old },
      { boot: bootOf(old) },
      { boot: { ...bootOf(declared), filesPresent: false } },
      { leftovers: ["nginx.service"] },
      { transaction: transaction() },
    ];
    for (const change of almost) assert.notDeepEqual(kinds(hostFacts({ ...done, ...change })), []);
  });

  it("is a mark for a host that is as declared and has none, or is taken over", () => {
    const { owner: _, ...unmarked } = hostFacts(done);
    assert.deepEqual(planActivation(unmarked, wanted), [{ kind: "claim", owner: wanted.owner }]);
    const theirs = hostFacts({ ...done, owner: { ...wanted.owner, stack: "burst" } });
    assert.deepEqual(planActivation(theirs, { ...wanted, takeOver: true }), [{ kind: "claim", owner: wanted.owner }]);
  });

  it("does not look for a boot entry where there is no loader", () => {
    const none = { ...bootOf(old), kind: "none" as const, toplevel: null };
    assert.deepEqual(kinds(hostFacts({ ...done, boot: none })), []);
    assert.deepEqual(kinds(hostFacts({ ...done, boot: bootOf(old), bootable: false })), []);
    const darwin = planActivation(hostFacts({ ...done, class: "darwin", boot: bootOf(old) }), {
      ...wanted,
      class: "darwin",
    });
    assert.deepEqual(darwin, []);
  });

  it("does not insist on a boot entry that nobody can tell", () => {
    const boot = { ...bootOf(old), kind: "unverified" as const, entry: "@saved", toplevel: null };
    assert.deepEqual(kinds(hostFacts({ ...done, boot })), []);
  });

  it("goes on at the commit when the test was judged good, without testing again", () => {
    const open = transaction({ phase: "committing" });
    const facts = hostFacts({ current: declared, transaction: open });
    const plan = planActivation(facts, wanted);
    assert.deepEqual(
      plan.map(({ kind }) => kind),
      ["roots", "push", "check", "commit"],
    );
    assert.equal(stepOf(plan, "commit")?.job, `${open.id}-commit-1`);
    const failed = { id: `${open.id}-commit-1`, state: "done", code: 22 } as const;
    assert.equal(stepOf(planActivation({ ...facts, jobs: [failed] }, wanted), "commit")?.job, `${open.id}-commit-2`);
  });

  it("takes up a test that runs or has ended unjudged", () => {
    const open = transaction();
    for (const job of [
      { id: `${open.id}-test-1`, state: "running" },
      { id: `${open.id}-test-1`, state: "done", code: 4 },
    ] as const) {
      const test = stepOf(planActivation(hostFacts({ transaction: open, jobs: [job] }), wanted), "test");
      assert.deepEqual([test?.attach, test?.job], [true, job.id]);
    }
  });

  it("follows a test that is about to start, and does not try its number again when it never did", () => {
    const open = transaction();
    const starting = { id: `${open.id}-test-1`, state: "starting" } as const;
    const facts = hostFacts({ transaction: open, jobs: [starting] });
    const test = stepOf(planActivation(facts, wanted), "test");
    assert.deepEqual([test?.attach, test?.job], [true, starting.id]);
    const judged = hostFacts({ transaction: { ...open, phase: "test-failed" }, jobs: [starting] });
    const again = stepOf(planActivation(judged, wanted), "test");
    assert.deepEqual([again?.attach, again?.job], [false, `${open.id}-test-2`]);
    const left = { id: `${open.id}-commit-1`, state: "starting" } as const;
    const tested = hostFacts({ current: declared, transaction: { ...open, phase: "committing" }, jobs: [left] });
    const commit = stepOf(planActivation(tested, wanted), "commit");
    assert.deepEqual([commit?.attach, commit?.job], [false, `${open.id}-commit-2`]);
  });

  it("tests once more what was killed or judged bad, against the first snapshot", () => {
    const cases: readonly Partial<HostFacts>[] = [
      { transaction: transaction(), jobs: [{ id: "00000000000000bb-test-1", state: "lost" }] },
      {
        transaction: transaction({ phase: "test-failed" }),
        jobs: [{ id: "00000000000000bb-test-1", state: "done", code: 4 }],
      },
    ];
    for (const changes of cases) {
      const facts = hostFacts({ ...changes, current: declared, failedUnits: ["new.service"] });
      const test = stepOf(planActivation(facts, wanted), "test");
      assert.deepEqual([test?.attach, test?.job], [false, "00000000000000bb-test-2"]);
      assert.deepEqual(test?.transaction.failedBefore, []);
    }
  });

  it("waits for another system's job, and keeps what was before it", () => {
    const open = transaction({ toplevel: foreign, failedBefore: ["old.service"] });
    const running = { id: `${open.id}-test-1`, state: "running" } as const;
    const facts = hostFacts({ current: foreign, transaction: open, jobs: [running], failedUnits: ["broken.service"] });
    assert.deepEqual(planActivation(facts, wanted), [{ kind: "await", job: running.id }]);
    const test = stepOf(planActivation({ ...facts, jobs: [] }, wanted), "test");
    assert.deepEqual([test?.transaction.previous.current, test?.transaction.failedBefore], [old, ["old.service"]]);
    assert.equal(test?.transaction.id, wanted.newId);
  });

  it("begins anew when somebody else deployed since the test, and keeps theirs as the previous system", () => {
    const failed = transaction({ phase: "test-failed" });
    const theirs = { profile: foreign, generation: 8, current: foreign };
    for (const changes of [theirs, { ...theirs, current: declared }, { current: foreign }]) {
      const facts = hostFacts({ transaction: failed, failedUnits: ["theirs.service"], ...changes });
      const test = stepOf(planActivation(facts, wanted), "test")?.transaction;
      const { current, profile, generation } = facts;
      assert.deepEqual([test?.id, test?.previous], [wanted.newId, { current, profile, generation }]);
      assert.deepEqual(test?.failedBefore, ["theirs.service"]);
    }
  });

  it("keeps what was before an uncommitted system that still runs", () => {
    const first = transaction({ toplevel: foreign, failedBefore: ["old.service"], phase: "test-failed" });
    const facts = hostFacts({ current: foreign, transaction: first, failedUnits: ["new.service", "old.service"] });
    const second = stepOf(planActivation(facts, wanted), "test")?.transaction;
    // It was killed before it switched: the uncommitted system is no stranger's.
    const again = planActivation({ ...facts, ...(second && { transaction: second }) }, { ...wanted, newId: "cc" });
    assert.deepEqual(stepOf(again, "test")?.transaction.failedBefore, ["old.service"]);
    assert.deepEqual(stepOf(again, "test")?.transaction.id, second?.id);
  });

  it("begins anew after a reboot", () => {
    const facts = hostFacts({ transaction: transaction({ bootId: "boot-0", phase: "committing" }), bootId: "boot-1" });
    const test = stepOf(planActivation(facts, wanted), "test");
    assert.deepEqual([test?.attach, test?.transaction.id], [false, wanted.newId]);
  });

  it("refuses what cannot or must not be done here, with the reason", () => {
    const owner = { project: "fleet", stack: "burst", machine: "scheelite" };
    const cases: readonly (readonly [Partial<HostFacts>, string])[] = [
      [{ class: "darwin" }, "the machine is declared as nixos, the host is darwin"],
      [{ class: "other" }, "the machine is declared as nixos, the host is neither NixOS nor nix-darwin"],
      [{ system: "aarch64-linux" }, "the system is built for x86_64-linux, the host is aarch64-linux"],
      [{ uid: 1000 }, "neither root nor `sudo -n`: log in as root, or allow the user sudo without a password"],
      [{ tools: {} }, "no nix-store and nix-env on the host"],
      [{ boot: { ...bootOf(old), mounted: false } }, "/boot stands in fstab and is not mounted"],
      [
        { transaction: "unreadable" },
        "/nix/var/pulumi-clan was written by another version of pulumi-clan; use that one, or remove its files",
      ],
      [{ owner }, "the host belongs to fleet/burst (scheelite); set takeOver to take it"],
      // Our own fleet's: the address leads to another machine than the one it is stated for.
      [
        { owner: { ...wanted.owner, machine: "scheelite" } },
        "the host belongs to fleet/core (scheelite); set takeOver to take it",
      ],
      [
        { transaction: transaction({ owner }) },
        "fleet/burst (scheelite) is deploying to the host; set takeOver to take it",
      ],
    ];
    for (const [changes, reason] of cases) {
      assert.deepEqual(planActivation(hostFacts(changes), wanted), [{ kind: "refuse", reason }]);
    }
    const theirs = hostFacts({ owner, transaction: transaction({ owner }) });
    assert.notEqual(planActivation(theirs, { ...wanted, takeOver: true })[0]?.kind, "refuse");
    const over = hostFacts({ transaction: transaction({ owner, bootId: "boot-0" }) });
    assert.notEqual(planActivation(over, wanted)[0]?.kind, "refuse", "ended with the host's last boot");
  });
});

/** What happens to the operator or the host while a step is under way. */
type Fault = "none" | "client-dies-before" | "client-dies-during" | "job-killed" | "power-loss" | "hands";

/** A host reduced to what plans change, with a memory of what was executed. */
class ModelHost {
  facts: HostFacts = hostFacts();
  readonly log: string[] = [];
  #boots = 1;

  /** @returns whether the client goes on. */
  apply(step: Step, fault: Fault): boolean {
    if (fault === "client-dies-before") return false;
    if (fault === "power-loss") return this.#reboot();
    if (fault === "hands") this.facts = { ...this.facts, current: foreign, profile: foreign, boot: bootOf(foreign) };
    if (step.kind === "test") return this.#test(step, fault);
    if (step.kind === "commit") return this.#commit(step, fault);
    return true;
  }

  #test(step: Extract<Step, { kind: "test" }>, fault: Fault): boolean {
    if (step.attach) return this.facts.jobs.some(({ id }) => id === step.job);
    this.log.push(`test ${step.job}`);
    const job =
      fault === "job-killed"
        ? { id: step.job, state: "lost" as const }
        : { id: step.job, state: "done" as const, code: 0 };
    const current = fault === "job-killed" ? this.facts.current : declared;
    this.facts = { ...this.facts, transaction: step.transaction, jobs: [job], current };
    return fault === "none" || fault === "hands";
  }

  #commit(step: Extract<Step, { kind: "commit" }>, fault: Fault): boolean {
    const { transaction: _, ...rest } = this.facts;
    const job = { id: step.job, state: "lost" as const };
    if (fault === "job-killed") {
      this.facts = { ...this.facts, transaction: step.transaction, jobs: [...this.facts.jobs, job] };
      return false;
    }
    assert.ok(this.log.at(-1)?.startsWith("test"), "nothing is committed that was not tested");
    const isTheirs = rest.profile !== declared && rest.profile !== step.transaction.previous.profile;
    if (rest.current !== declared || isTheirs) {
      this.facts = rest; // superseded: closed, nothing of theirs is touched
      return false;
    }
    this.facts = { ...rest, profile: declared, boot: bootOf(declared) };
    return fault === "none";
  }

  #reboot(): boolean {
    this.#boots += 1;
    const jobs = this.facts.jobs.map((job) => (job.state === "done" ? job : { id: job.id, state: "lost" as const }));
    this.facts = { ...this.facts, bootId: `boot-${this.#boots}`, current: this.facts.boot.toplevel, jobs };
    return false;
  }
}

describe("plans under faults", () => {
  const fault = fc.constantFrom<Fault>(
    "none",
    "none",
    "none",
    "client-dies-before",
    "client-dies-during",
    "job-killed",
    "power-loss",
    "hands",
  );

  it("end as declared, always bootable, and never run one job twice", () => {
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 40 }), (faults) => {
        const host = new ModelHost();
        const pending = [...faults];
        for (let run = 0; run < 60; run++) {
          const plan = planActivation(host.facts, { ...wanted, newId: `${run}`.padStart(16, "0") });
          if (plan.length === 0) break;
          for (const step of plan) if (!host.apply(step, pending.shift() ?? "none")) break;
          assert.ok(host.facts.boot.toplevel !== null && host.facts.boot.toplevel === host.facts.profile);
        }
        assert.deepEqual(kinds(host.facts), []);
        assert.equal(new Set(host.log).size, host.log.length);
      }),
      { numRuns: 500 },
    );
  });

  it("test once when only the client dies, however often", () => {
    const dying = fc.array(fc.constantFrom<Fault>("none", "client-dies-before", "client-dies-during"), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(dying, (faults) => {
        const host = new ModelHost();
        const pending = [...faults];
        for (let run = 0; run < 60 && kinds(host.facts).length > 0; run++) {
          for (const step of planActivation(host.facts, wanted))
            if (!host.apply(step, pending.shift() ?? "none")) break;
        }
        assert.deepEqual([kinds(host.facts), host.log.length], [[], 1]);
      }),
    );
  });
});
