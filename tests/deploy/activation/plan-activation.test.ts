import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isMixed, planActivation, type Step, type Wanted } from "../../../deploy/activation/plan-activation.ts";
import { type Transaction, transactionSchema } from "../../../deploy/activation/transaction.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import { declared, foreign, hostFacts, old, transaction, wanted } from "../support/facts.ts";

const kinds = (facts: HostFacts): string[] => planActivation(facts, wanted).map(({ kind }) => kind);
const whole = ["roots", "push", "check", "test", "acknowledge"];
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

  it("is a mark for a host of a stack that the machine was moved from, and of no other", () => {
    const theirs = hostFacts({ ...done, owner: { ...wanted.owner, stack: "burst" } });
    const moved: Wanted = { ...wanted, formerOwners: [{ ...wanted.owner, stack: "burst" }] };
    assert.deepEqual(planActivation(theirs, moved), [{ kind: "claim", owner: wanted.owner }]);
    const left = { owner: { ...wanted.owner, stack: "burst" } };
    const open = planActivation(hostFacts({ ...left, transaction: transaction(left) }), moved);
    assert.notEqual(open[0]?.kind, "refuse", "what that stack began is taken up");
    for (const stranger of [
      { stack: "laptops" },
      { stack: "burst", machine: "scheelite" },
      { project: "other", stack: "burst" },
    ]) {
      const facts = hostFacts({ ...done, owner: { ...wanted.owner, ...stranger } });
      assert.equal(planActivation(facts, moved)[0]?.kind, "refuse", JSON.stringify(stranger));
    }
  });

  it("compares a specialisation by whose it is, takes over only its own, and goes back to what ran", () => {
    const dockedWanted: Wanted = { ...wanted, specialisation: "docked" };
    const docked = { current: foreign, specialisations: [{ of: declared, name: "docked" }] };
    assert.deepEqual(planActivation(hostFacts({ ...done, ...docked }), dockedWanted), []);
    assert.notDeepEqual(kinds(hostFacts({ ...done, ...docked })), [], "it is to be left");
    const into = stepOf(planActivation(hostFacts(done), dockedWanted), "test")?.transaction;
    assert.deepEqual([into?.specialisation, into?.previous.current], ["docked", declared]);
    const uncommitted = stepOf(planActivation(hostFacts(docked), dockedWanted), "test")?.transaction;
    assert.equal(uncommitted?.previous.current, old, "nobody committed what runs");
    const running = { jobs: [{ id: "00000000000000bb-test-1", state: "running" as const }] };
    const open = hostFacts({
      ...docked,
      ...running,
      transaction: transaction({ activates: foreign, specialisation: "docked" }),
    });
    assert.equal(stepOf(planActivation(open, dockedWanted), "test")?.attach, true);
    assert.deepEqual(kinds(open), ["await"]);
    const mac = planActivation(hostFacts({ class: "darwin" }), { ...dockedWanted, class: "darwin" });
    assert.deepEqual(mac, [{ kind: "refuse", reason: "specialisation docked is declared, and nix-darwin has none" }]);
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
    for (const state of ["starting", "running"] as const) {
      const under = stepOf(planActivation({ ...facts, jobs: [{ id: failed.id, state }] }, wanted), "commit");
      assert.deepEqual([under?.job, under?.attach], [failed.id, true]);
    }
  });

  it("takes over a supervised test that runs, or has kept its system without an acknowledgement", () => {
    const open = transaction();
    for (const job of [
      { id: `${open.id}-test-1`, state: "running" },
      { id: `${open.id}-test-1`, state: "starting" },
      { id: `${open.id}-test-1`, state: "done", code: 13 },
    ] as const) {
      const plan = planActivation(hostFacts({ transaction: open, jobs: [job] }), wanted);
      const test = stepOf(plan, "test");
      assert.deepEqual([test?.attach, test?.job, test?.transaction], [true, job.id, open]);
      assert.equal(stepOf(plan, "acknowledge")?.job, job.id);
    }
  });

  it("begins a new transaction for what was killed or could not be rolled back, with the first one's memory", () => {
    for (const last of [{ state: "lost" }, { state: "done", code: 11 }] as const) {
      const open = transaction({ failedBefore: ["old.service"] });
      const jobs = [{ id: `${open.id}-test-1`, ...last }];
      const facts = hostFacts({ transaction: open, jobs, current: declared, failedUnits: ["new.service"] });
      const test = stepOf(planActivation(facts, wanted), "test");
      assert.deepEqual([test?.attach, test?.job, test?.heirOf], [false, `${wanted.newId}-test-1`, jobs[0]?.id]);
      assert.deepEqual([test?.transaction.failedBefore, test?.transaction.previous.current], [["old.service"], old]);
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
      // Where the declared system runs uncommitted, the way back leads to what the next boot would start.
      const back = current === declared ? profile : current;
      assert.deepEqual([test?.id, test?.previous], [wanted.newId, { current: back, profile, generation }]);
      assert.deepEqual(test?.failedBefore, ["theirs.service"]);
    }
  });

  it("waits for the supervisor of a test that somebody disturbed: it would roll back what is deployed meanwhile", () => {
    const running = { id: `${transaction().id}-test-1`, state: "running" } as const;
    const hotFix = { current: foreign, profile: foreign, generation: 8 };
    for (const toplevel of [declared, old]) {
      const facts = hostFacts({ ...hotFix, transaction: transaction(), jobs: [running] });
      assert.deepEqual(planActivation(facts, { ...wanted, toplevel }), [{ kind: "await", job: running.id }]);
    }
  });

  it("remembers no more failed units than the host can give back", () => {
    const failedUnits = Array.from({ length: 1_100 }, (_, unit) => `backup@${"host\\x2d".repeat(8)}${unit}.service`);
    const begun = stepOf(planActivation(hostFacts({ failedUnits }), wanted), "test")?.transaction;
    assert.ok(JSON.stringify(begun).length < 65_536); // facts.sh
    assert.ok(transactionSchema.safeParse(begun).success);
    assert.deepEqual(begun?.failedBefore.slice(0, 100), failedUnits.slice(0, 100));
  });

  it("keeps what was before an uncommitted system that still runs", () => {
    const first = transaction({ toplevel: foreign, failedBefore: ["old.service"], phase: "test-failed" });
    const facts = hostFacts({ current: foreign, transaction: first, failedUnits: ["new.service", "old.service"] });
    const second = stepOf(planActivation(facts, wanted), "test")?.transaction;
    // It was killed before it switched: the uncommitted system is no stranger's.
    const again = planActivation({ ...facts, ...(second && { transaction: second }) }, { ...wanted, newId: "cc" });
    assert.deepEqual(stepOf(again, "test")?.transaction.failedBefore, ["old.service"]);
    assert.deepEqual(stepOf(again, "test")?.transaction.previous.current, first.previous.current);
  });

  it("begins anew after a reboot", () => {
    const facts = hostFacts({ transaction: transaction({ bootId: "boot-0", phase: "committing" }), bootId: "boot-1" });
    const test = stepOf(planActivation(facts, wanted), "test");
    assert.deepEqual([test?.attach, test?.transaction.id], [false, wanted.newId]);
  });

  it("leaves out what a mode leaves out", () => {
    const planOf = (mode: Wanted["mode"], facts = hostFacts()) =>
      planActivation(facts, { ...wanted, mode }).map(({ kind }) => kind);
    assert.deepEqual(planOf("test"), whole);
    assert.deepEqual(planOf("boot"), ["roots", "push", "check", "commit"]);
    assert.deepEqual(planOf("dry"), ["push", "check", "dry"]);
    const staged = hostFacts({ profile: declared, boot: bootOf(declared) });
    assert.deepEqual(planOf("boot", staged), []);
    assert.deepEqual(planOf("switch", staged), whole);
  });

  it("knows a Mac that was rebooted before the commit", () => {
    const open = transaction({ bootId: "boot-0" });
    assert.equal(isMixed(hostFacts({ class: "darwin", transaction: open })), true);
    assert.equal(isMixed(hostFacts({ class: "nixos", transaction: open })), false);
    assert.equal(isMixed(hostFacts({ class: "darwin", transaction: transaction() })), false);
    const done = hostFacts({ class: "darwin", current: old, profile: old, transaction: open });
    const plan = planActivation(done, { ...wanted, class: "darwin", toplevel: old });
    assert.ok(stepOf(plan, "test"), "also what is declared as it was: /Library still holds the other system's daemons");
  });

  it("refuses what cannot or must not be done here, with the reason", () => {
    const owner = { project: "fleet", stack: "burst", machine: "scheelite" };
    const cases: readonly (readonly [Partial<HostFacts>, string])[] = [
      [{ class: "darwin" }, "the machine is declared as nixos, the host is darwin"],
      [{ class: "other" }, "the machine is declared as nixos, the host is neither NixOS nor nix-darwin"],
      [{ system: "aarch64-linux" }, "the system is built for x86_64-linux, the host is aarch64-linux"],
      [
        { uid: 1000 },
        "neither root nor `sudo -n`: log in as root, allow the user sudo without a password, or give it (pulumi-clan:sudoPassword)",
      ],
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
const faults = [
  "none",
  "client-dies-before",
  /** The next run comes while the supervisor waits. */
  "client-dies-during",
  /** The next run comes after the supervisor's deadline. */
  "client-stays-away",
  /** systemd runs what comes after a killed supervisor. */
  "supervisor-killed",
  /** Nobody does, as on a Mac. */
  "all-killed",
  "power-loss",
  "hands",
] as const;
type Fault = (typeof faults)[number];

/** A host reduced to what plans change, with the supervisor's rules. */
class ModelHost {
  facts: HostFacts = hostFacts();
  /** Jobs that tested. */
  readonly tests: string[] = [];
  readonly acknowledged = new Set<string>();
  /** Systems that were the default of a boot, by us or others. */
  readonly committed = new Set<unknown>([old, foreign]);
  #boots = 1;

  /** @returns whether the client goes on. */
  apply(step: Step, fault: Fault): boolean {
    if (fault === "client-dies-before") return false;
    if (fault === "power-loss") return this.#reboot();
    if (fault === "hands") this.facts = { ...this.facts, current: foreign, profile: foreign, boot: bootOf(foreign) };
    switch (step.kind) {
      case "test":
        return this.#test(step, fault);
      case "acknowledge":
        if (fault === "none" || fault === "client-dies-during") this.acknowledged.add(step.transaction.id);
        return this.#end(step.transaction, fault);
      case "commit":
        assert.ok(this.acknowledged.has(step.transaction.id), "a commit alone is of what was acknowledged");
        return this.#end(step.transaction, fault);
      default:
        return true;
    }
  }

  /** What the host does by itself until the next run. */
  settle(fault: Fault): void {
    const { transaction: open } = this.facts;
    if (open === undefined || open === "unreadable" || fault === "client-dies-during") return;
    if (this.facts.jobs.some(({ state }) => state === "running")) this.#rollBack(open);
  }

  #test(step: Extract<Step, { kind: "test" }>, fault: Fault): boolean {
    if (!step.attach) {
      this.tests.push(step.job);
      assert.ok(this.committed.has(step.transaction.previous.current), "the way back leads to what was committed");
      const jobs = [{ id: step.job, state: "running" as const }];
      const current = fault === "hands" ? foreign : declared;
      this.facts = { ...this.facts, transaction: step.transaction, jobs, current };
    }
    if (fault === "supervisor-killed") return this.#rollBack(step.transaction);
    if (fault === "all-killed") return this.#lose();
    return fault === "none" || fault === "hands";
  }

  #end(ended: Transaction, fault: Fault): boolean {
    if (fault === "supervisor-killed" || fault === "client-stays-away") return this.#rollBack(ended);
    if (fault === "all-killed") return this.#lose();
    const { transaction: _, ...rest } = this.facts;
    const isTheirs = rest.profile !== declared && rest.profile !== ended.previous.profile;
    this.facts = { ...rest, jobs: [] };
    if (rest.current !== declared || isTheirs) return false; // superseded: nothing of theirs is touched
    assert.ok(this.acknowledged.has(ended.id), "never a commit without an acknowledgement");
    this.committed.add(declared);
    this.facts = { ...this.facts, profile: declared, boot: bootOf(declared) };
    return fault === "none";
  }

  #lose(): boolean {
    this.facts = { ...this.facts, jobs: this.facts.jobs.map(({ id }) => ({ id, state: "lost" as const })) };
    return false;
  }

  #rollBack({ previous, toplevel }: Transaction): boolean {
    const { transaction: _, ...rest } = this.facts;
    const isOurs = rest.current === toplevel || rest.current === previous.current;
    this.facts = { ...rest, jobs: [], current: isOurs ? previous.current : rest.current };
    return false;
  }

  #reboot(): boolean {
    this.#boots += 1;
    const jobs = this.facts.jobs.map(({ id }) => ({ id, state: "lost" as const }));
    this.facts = { ...this.facts, bootId: `boot-${this.#boots}`, current: this.facts.boot.toplevel, jobs };
    return false;
  }
}

/** One run after another until nothing is left to do. */
function deployUnder(pending: Fault[]): ModelHost {
  const host = new ModelHost();
  for (let run = 0; run < 80; run++) {
    const plan = planActivation(host.facts, { ...wanted, newId: `${run}`.padStart(16, "0") });
    if (plan.length === 0) break;
    let fault: Fault = "none";
    for (const step of plan) {
      fault = pending.shift() ?? "none";
      if (!host.apply(step, fault)) break;
    }
    host.settle(fault);
    assert.ok(host.facts.boot.toplevel !== null && host.facts.boot.toplevel === host.facts.profile);
  }
  return host;
}

describe("plans under faults", () => {
  it("end as declared, always bootable, commit nothing unacknowledged, and test once in a transaction", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...faults, "none" as const, "none" as const), { maxLength: 40 }), (list) => {
        const host = deployUnder([...list]);
        assert.deepEqual(kinds(host.facts), []);
        assert.equal(new Set(host.tests).size, host.tests.length);
      }),
      { numRuns: 500 },
    );
  });

  it("test once when only the client dies and comes back in time, however often", () => {
    const dying = fc.array(fc.constantFrom<Fault>("none", "client-dies-during"), { maxLength: 30 });
    fc.assert(
      fc.property(dying, (list) => {
        const host = deployUnder([...list]);
        assert.deepEqual([kinds(host.facts), host.tests.length], [[], 1]);
      }),
    );
  });
});
