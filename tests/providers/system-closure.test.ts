import assert from "node:assert/strict";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { describe, it } from "mocha";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { noFacts, type Outcome } from "../../deploy/outcome.ts";
import { parseHostKey } from "../../deploy/ssh/host-key.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { DeploymentDeadlineError, deploymentDeadline } from "../../providers/deployment-deadline.ts";
import { HostAfterError } from "../../providers/host-after-error.ts";
import { check, create, diff, read, remove, update } from "../../providers/system-closure.impl.ts";
import { type ClosureInputs, type ClosureOutputs, closureFactsSchema } from "../../providers/system-closure-schema.ts";
import { makeKey, startTestServer } from "../deploy/support/ssh-server.ts";

const system = (letter: string) => parseStorePath(`/nix/store/${letter.repeat(32)}-nixos-system-galena`);
const [one, two] = [system("1"), system("2")];

const inputs: ClosureInputs = {
  machine: "galena",
  class: "nixos",
  system: "x86_64-linux",
  toplevel: one,
  drvPath: `${one}.drv`,
  buildOn: "local",
  targetHost: "root@192.0.2.14",
  identityFiles: [],
  hostKeys: [],
  policy: activationPolicySchema.parse({}),
  connectDeadlineSeconds: 5,
  deadlineSeconds: 60,
  owner: { project: "pulumi-clan", stack: "burst" },
  observed: null,
  secrets: null,
  power: "on",
  held: null,
  reportTo: "urn:pulumi:burst::pulumi-clan::clan:index:Machine::galena",
};
const deployed: ClosureOutputs = {
  ...inputs,
  running: one,
  specialisations: [],
  profile: one,
  generation: 3,
  outcome: "switched",
  failedUnits: [],
  seconds: 4,
  formerHostKeys: [],
  formerOwners: [],
  booted: one,
  defaultEntry: "nixos-generation-3.conf",
  nextBoot: one,
  bootId: "00000000-0000-0000-0000-000000000001",
  hostKey: "SHA256:AAAA",
  marker: { project: "pulumi-clan", stack: "burst", machine: "galena" },
  openTransaction: null,
  leftovers: [],
  rebootFor: [],
  drift: null,
  secretsDelivered: null,
  deployedAt: 1_700_000_000,
  previous: two,
  took: { seconds: { activate: 2.1 }, bytes: 0 },
};

describe("SystemClosure", () => {
  it("accepts what a preview does not know yet", async () => {
    const { failures = [] } = await check({}, { ...inputs, targetHost: unknownValue });
    assert.deepEqual(failures, []);
  });

  it("names the property that cannot be", async () => {
    const { failures = [] } = await check({}, { ...inputs, class: "macos" as "darwin" });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["class"],
    );
  });

  describe("of a machine that has its turn in another run", () => {
    const held = { kind: "held", reason: "wave canaries: rosegold failed" } as const;

    it("differs in nothing, whatever is declared", async () => {
      assert.equal((await diff("galena", deployed, { ...inputs, toplevel: two, held })).changes, false);
    });

    it("keeps what is known of the host, also where the engine retries a failed deployment", async () => {
      const failed = { ...deployed, outcome: "rolled-back" };
      const { outs } = await update("galena", failed, { ...inputs, toplevel: two, held });
      assert.deepEqual([outs?.running, outs?.outcome, outs?.deployedAt], [one, "rolled-back", 1_700_000_000]);
      assert.ok(outs !== undefined);
      assert.equal((await diff("galena", outs, { ...inputs, toplevel: two })).changes, true);
    });

    it("knows nothing of a host that was never deployed to, and deploys to it when its turn comes", async () => {
      const { id, outs } = await create({ ...inputs, held: { ...held, kind: "queued" } });
      assert.deepEqual([id, outs?.["running"], outs?.["outcome"]], ["galena", null, "queued"]);
      assert.ok(outs !== undefined);
      assert.equal((await diff("galena", outs, inputs)).changes, true);
    });

    it("has its turn where a preview does not know better", async () => {
      const unknown = { ...inputs, toplevel: two, held: unknownValue } as unknown as ClosureInputs;
      assert.equal((await diff("galena", deployed, unknown)).changes, true);
    });
  });

  describe("differs", () => {
    const differs = async (olds: Partial<ClosureOutputs>, news: Partial<ClosureInputs>) =>
      (await diff("galena", { ...deployed, ...olds }, { ...inputs, ...news })).changes;

    it("not from a host that runs what is declared, whatever the way to it", async () => {
      assert.equal(await differs({}, {}), false);
      const way = { targetHost: "ops@192.0.2.99:2222", identityFiles: ["/other"], deadlineSeconds: 9 };
      assert.equal(await differs({}, { ...way, drvPath: `${two}.drv`, reportTo: "urn:elsewhere" }), false);
      assert.equal(await differs({}, { targetHost: unknownValue }), false);
    });

    it("not by the time that its last deployment took, nor in a state that was written before that was kept", async () => {
      assert.equal(await differs({ seconds: 99, took: { seconds: { push: 98 }, bytes: 1 } }, {}), false);
      const { took: _none, ...before } = deployed;
      assert.deepEqual((await diff("galena", before as ClosureOutputs, inputs)).changes, false);
    });

    it("not by parts of that time which a later release knows: they are left out", () => {
      const later = { ...deployed, took: { seconds: { later: 1 }, bytes: 0 } };
      assert.equal(closureFactsSchema.parse(later).took, null);
    });

    it("when another system is declared", async () => {
      assert.equal(await differs({}, { toplevel: two }), true);
    });

    it("when its secrets are others than those delivered last, and not when the clan keeps none for it", async () => {
      const file = { path: "sops/secrets/galena-age.key/secret", cipher: "sops" as const, sha256: "0".repeat(64) };
      const secrets = {
        root: "/clan",
        digest: "sha256:1",
        identity: { ...file, target: "/var/lib/sops-nix/key.txt" },
        recipients: [],
        files: [],
        userKeys: [],
      };
      assert.equal(await differs({}, { secrets }), true);
      assert.equal(await differs({ secretsDelivered: "sha256:0" }, { secrets }), true);
      assert.equal(await differs({ secretsDelivered: "sha256:1" }, { secrets: { ...secrets, root: "/moved" } }), false);
      assert.equal(await differs({ secretsDelivered: "sha256:1" }, {}), false);
      const policy = activationPolicySchema.parse({ mode: "dry" });
      assert.equal(await differs({}, { secrets, policy }), false);
    });

    it("when the host was found to run, or to boot, another one", async () => {
      assert.equal(await differs({ running: two }, {}), true);
      assert.equal(await differs({ profile: two }, {}), true);
      assert.equal(await differs({ running: null }, {}), true);
    });

    it("by the policy's leave to take a host over, and not by its deadlines", async () => {
      const policy = activationPolicySchema.parse({ testDeadlineSeconds: 60 });
      assert.equal(await differs({}, { policy }), false);
      assert.equal(await differs({}, { policy: { ...policy, takeOver: true } }), true);
      assert.equal(await differs({ policy: { formerKey: 1 } as unknown as ClosureInputs["policy"] }, {}), false);
    });

    it("when the probe of this run saw another system, or a half-finished one, whatever the state says", async () => {
      const observed = { running: one, specialisations: [], profile: one, settled: true };
      assert.equal(await differs({}, { observed }), false);
      assert.equal(await differs({}, { observed: { ...observed, running: two } }), true);
      assert.equal(await differs({}, { observed: { ...observed, profile: null } }), true);
      assert.equal(await differs({}, { observed: { ...observed, settled: false } }), true);
      assert.equal(await differs({}, { observed: unknownValue as unknown as null }), false);
    });

    it("when another system will boot, or a deployment, a switch or an owner is in the way", async () => {
      assert.equal(await differs({ nextBoot: two }, {}), true);
      const openTransaction = { id: "0a", phase: "testing", toplevel: two, startedAt: 1 };
      assert.equal(await differs({ openTransaction }, {}), true);
      assert.equal(await differs({ leftovers: ["nginx.service"] }, {}), true);
      assert.equal(await differs({ marker: { project: "x", stack: "burst", machine: "galena" } }, {}), true);
    });

    it("not for how the host came to run what is declared", async () => {
      assert.equal(await differs({ toplevel: two, drift: "switched to …, by clan" }, {}), false);
    });

    it("as far as the mode goes: boot looks at the next one, test at the running one", async () => {
      const policy = (mode: "boot" | "test") => activationPolicySchema.parse({ mode });
      assert.equal(await differs({ running: two }, { policy: policy("boot") }), false);
      assert.equal(await differs({ profile: two }, { policy: policy("boot") }), true);
      assert.equal(await differs({ profile: two, nextBoot: two }, { policy: policy("test") }), false);
      assert.equal(await differs({ running: two }, { policy: policy("test") }), true);
    });

    it("by the specialisation: that has a path of its own, and is the declared system's all the same", async () => {
      const policy = activationPolicySchema.parse({ specialisation: "docked" });
      const docked = { running: two, specialisations: [{ of: one, name: "docked" }] };
      assert.equal(await differs(docked, { policy }), false);
      assert.equal(await differs(docked, { policy, observed: { ...docked, profile: one, settled: true } }), false);
      assert.equal(await differs(docked, {}), true, "it is to be left");
      assert.equal(await differs({}, { policy }), true, "it is to be switched into");
      const other = { ...docked, specialisations: [{ of: two, name: "docked" }] };
      assert.equal(await differs(other, { policy }), true, "that of another system");
    });

    it("not while its node is off on purpose, and when it is on again", async () => {
      assert.equal(await differs({ power: "off" }, { power: "off", toplevel: two }), false);
      assert.equal(await differs({ power: "off" }, {}), true);
    });

    it("when another VM is below it, or will be made; not where an older release did not keep which", async () => {
      assert.equal(await differs({ instanceId: "4711" }, { instanceId: "4711" }), false);
      assert.equal(await differs({ instanceId: "4711" }, { instanceId: "4712" }), true);
      assert.equal(await differs({ instanceId: "4711" }, { instanceId: unknownValue }), true);
      assert.equal(await differs({}, { instanceId: "4711" }), false);
    });

    it("as a replacement only when it is another machine", async () => {
      assert.deepEqual((await diff("galena", deployed, { ...inputs, toplevel: two })).replaces, []);
      const other = await diff("galena", deployed, { ...inputs, machine: "scheelite" });
      assert.deepEqual(other, { changes: true, replaces: ["machine"] });
    });
  });

  it("is let go of whatever a former version stored", async () => {
    await remove("galena", { running: "of old", policy: 3 } as unknown as ClosureOutputs);
  });

  it("names the setting when its time is over", async () => {
    using deadline = deploymentDeadline({ machine: "galena", deadlineSeconds: 0.01 });
    await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
    assert.ok(deadline.signal.reason instanceof DeploymentDeadlineError);
    assert.equal(deadline.signal.reason.facts.at, "pulumi-clan:deadlineSeconds");
  });

  it("contacts no host whose node is off, and keeps what was known of it", async () => {
    const off = { ...inputs, power: "off" } as const;
    assert.equal((await create(off)).outs?.outcome, "skipped");
    assert.equal((await update("galena", deployed, off)).outs?.running, one);
    assert.equal((await read("galena", { ...deployed, power: "off" })).props?.running, one);
  });
});

describe("a machine whose VM was made anew", () => {
  const former = { key: parseHostKey(makeKey().public), source: "vars" };

  it("is deployed to as for the first time: nothing that the old VM showed is believed of it, its key above all", async () => {
    const olds = { ...deployed, instanceId: "4711", formerHostKeys: [former] };
    // Off: what is kept shows without a host.
    const { outs } = await update("galena", olds, { ...inputs, instanceId: "4712", power: "off" });
    assert.deepEqual([outs?.running, outs?.hostKey, outs?.formerHostKeys], [null, null, []]);
    const same = await update("galena", olds, { ...inputs, instanceId: "4711", power: "off" });
    assert.deepEqual([same.outs?.running, same.outs?.hostKey], [one, "SHA256:AAAA"]);
  });

  it("does not end a refresh by the other key that it shows, as any other host does", async () => {
    await using server = await startTestServer();
    const { port, identityFiles } = server.spec();
    const known = {
      ...deployed,
      targetHost: `root@127.0.0.1:${port}`,
      identityFiles,
      hostKeys: [former],
      jumpHosts: [],
    };
    const onNode = { ...known, instanceId: "4711" };
    assert.deepEqual((await read("galena", onNode)).props, onNode);
    await assert.rejects(read("galena", known), { code: "FLEET_HOST_KEY_MISMATCH" });
    assert.deepEqual(server.authentications, []);
  });
});

describe("a deployment that did not end as declared", () => {
  const outcome = (kind: Outcome["kind"], facts: Partial<Outcome["facts"]> = {}): Outcome => ({
    kind,
    machine: "galena",
    facts: { ...noFacts, ...facts },
  });

  it("keeps the host's true state with Pulumi once the host was touched", () => {
    const policy = activationPolicySchema.parse({ ackDeadlineSeconds: 60 });
    const observed = { running: two, specialisations: [], profile: two, settled: true };
    const properties = { ...deployed, policy, observed };
    const error = new HostAfterError(outcome("switched-with-failed-units", { current: two }), properties);
    assert.equal(error.id, "galena");
    assert.deepEqual(error.properties, { ...deployed, policy: { ackDeadlineSeconds: 60 } });
  });

  it("leaves the state alone when the host was not touched", () => {
    for (const kind of ["refused", "unreachable", "skipped"] as const) {
      const error = new HostAfterError({ ...outcome(kind), reason: "because" }, deployed);
      assert.equal(error.id, undefined, kind);
      assert.equal(error.properties, undefined, kind);
    }
  });

  it("says what runs after a way back, and that an interrupted deployment is only to be run again", () => {
    const facts = { current: one, newlyFailed: [{ unit: "gitea.service", journal: [] }] };
    assert.match(
      new HostAfterError(outcome("rolled-back", facts), deployed).facts.fix,
      /journalctl -u gitea\.service\), then `pulumi up`; until then the previous system runs/,
    );
    assert.match(new HostAfterError(outcome("interrupted"), deployed).facts.fix, /goes on where the host stands/);
  });

  it("expects what the policy asked for, and no more", () => {
    const expected = (policy: Readonly<Record<string, unknown>>): string =>
      new HostAfterError(outcome("rolled-back"), { ...deployed, policy: activationPolicySchema.parse(policy) }).facts
        .expected;
    const system = "1111111-nixos-system-galena";
    assert.equal(expected({ mode: "boot" }), `galena boots ${system} next`);
    assert.equal(expected({ mode: "test" }), `galena runs ${system} until a reboot`);
    assert.equal(
      expected({ specialisation: "gaming" }),
      `galena runs specialisation gaming of ${system}, now and after a reboot`,
    );
  });

  it("says where a host stands whose way back, or whose boot entry, failed", () => {
    const fix = (kind: Outcome["kind"]): string => new HostAfterError(outcome(kind), deployed).facts.fix;
    assert.equal(
      fix("rollback-failed"),
      "look at the host (fleet ssh galena); a reboot brings the previous system, which is still the next boot's",
    );
    assert.match(
      fix("commit-failed"),
      /^correct what the reason names, then .* a reboot before that brings the previous/,
    );
  });

  it("says which unit failed, its last words, and what a reboot would bring", () => {
    const facts = {
      current: two,
      profile: one,
      newlyFailed: [{ unit: "gitea.service", journal: ["cannot bind port 3000"] }],
    };
    assert.equal(
      new HostAfterError(outcome("switched-with-failed-units", facts), deployed).message,
      [
        "galena: switched to 2222222-nixos-system-galena, NOT committed, failed units: gitea.service (0.0 MB in 0.0 s)",
        "  expected: galena runs 1111111-nixos-system-galena, now and after a reboot",
        "  found:    runs 2222222-nixos-system-galena, profile 1111111-nixos-system-galena, not committed",
        "            gitea.service failed:",
        "              cannot bind port 3000",
        "  at:       root@192.0.2.14",
        "  fix:      correct the unit (on the host: journalctl -u gitea.service), then `pulumi up` goes on where this one ended; a reboot brings the previous system back",
      ].join("\n"),
    );
  });
});
