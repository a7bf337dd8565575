import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { encodeProvenance, type Provenance } from "../../../clan/plan/provenance.ts";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import type { Sending } from "../../../deploy/store/delta/measure-sending.ts";
import { observedOf } from "../../../providers/host-observation.ts";
import type { SeenSystems } from "../../../stack/plan/look-for-plan.ts";
import {
  type KnownDeployment,
  type MachineLook,
  type PlanFacts,
  planMachine,
} from "../../../stack/plan/plan-machine.ts";
import { declared, foreign, hostFacts, old } from "../../deploy/support/facts.ts";

const owner = { project: "fleet", stack: "core" };
const made: Provenance = {
  files: { "modules/nixos/base/time.ts": "aaaa" },
  entries: ["nixos/base"],
  tags: ["all"],
  roles: [],
  instances: {},
  inputs: {},
};
const edited: Provenance = { ...made, files: { "modules/nixos/base/time.ts": "bbbb" } };
const bootOf = (toplevel: typeof old) => ({ ...hostFacts().boot, toplevel });

/** A machine that was deployed with `old` and runs it. */
const deployed: KnownDeployment = {
  power: "on",
  owner,
  takeOver: false,
  toplevel: old,
  running: old,
  profile: old,
  generation: 7,
  bootId: "boot-1",
  outcome: "switched",
  drift: null,
  madeFrom: encodeProvenance(old, made) ?? assert.fail(),
};

const seen = (facts: Partial<HostFacts> = {}, systems?: SeenSystems): MachineLook => ({
  kind: "seen",
  way: { through: [], backEnd: "ssh2" },
  seen: {
    observation: { facts: hostFacts(facts), rebootFor: [], hostKey: "SHA256:x" },
    ...(systems === undefined ? {} : { systems }),
  },
});
const asleep: MachineLook = { kind: "unreachable", reason: "no answer within 5 s" };

function planned({
  look = seen(),
  known = deployed,
  ...facts
}: { look?: MachineLook; known?: KnownDeployment } & Partial<
  Pick<PlanFacts, "declared" | "observed" | "provenance" | "buildOn" | "rollout" | "node">
>) {
  return planMachine({
    machine: "galena",
    class: "nixos",
    system: "x86_64-linux",
    buildOn: "local",
    declared: { toplevel: old, policy: activationPolicySchema.parse({}), owner },
    known: { kind: "known", deployment: known },
    look,
    observed: look.kind === "seen" ? observedOf(look.seen.observation.facts, "nixos") : undefined,
    provenance: made,
    namespaces: { nixos: { base: { files: ["modules/nixos/base/time.ts"], importedBy: ["galena"] } } },
    ...facts,
  });
}

const anew = { declared: { toplevel: declared, policy: activationPolicySchema.parse({}), owner }, provenance: edited };
const texts = ({ change, reasons }: ReturnType<typeof planMachine>) => [change, ...reasons.map(({ text }) => text)];

describe("the plan for a machine", () => {
  it("is none where state and host are as declared, and says nothing more", () => {
    const plan = planned({});
    assert.deepEqual(texts(plan), ["none"]);
    assert.deepEqual(
      [plan.reachable, plan.current, plan.packages, plan.copy, plan.reboot],
      [true, old, null, null, null],
    );
  });

  it("names what changed of the fleet since the machine was deployed", () => {
    assert.deepEqual(texts(planned(anew)), ["update", "modules/nixos/base/time.ts changed (nixos/base)"]);
  });

  it("says that it does not know why, where the state keeps no reasons, or nothing that is recorded differs", () => {
    const { madeFrom: _none, ...before } = deployed;
    assert.deepEqual(texts(planned({ ...anew, known: before })), [
      "update",
      "unknown: deployed before reasons were kept",
    ]);
    assert.deepEqual(texts(planned({ ...anew, provenance: made })), [
      "update",
      "unknown: nothing differs of what it is made of by imports",
    ]);
  });

  it("is unknown of a host that does not answer where nothing is to be deployed, and an update where something is", () => {
    assert.deepEqual(texts(planned({ look: asleep })), ["unknown"]);
    const plan = planned({ ...anew, look: asleep });
    assert.deepEqual(texts(plan), ["update", "modules/nixos/base/time.ts changed (nixos/base)"]);
    assert.deepEqual([plan.reachable, plan.current], [false, null]);
    assert.deepEqual(plan.copy, { kind: "unknown", why: "the host does not answer" });
  });

  it("is an update of a machine that the stack has never deployed, whatever runs there", () => {
    assert.deepEqual(texts(planned({ ...{ known: deployed } })), ["none"]);
    const plan = planMachine({
      machine: "galena",
      class: "nixos",
      system: "x86_64-linux",
      buildOn: "local",
      declared: anew.declared,
      known: { kind: "none" },
      look: asleep,
      observed: undefined,
      provenance: made,
      namespaces: {},
    });
    assert.deepEqual(texts(plan), ["update", "this stack has not deployed it yet"]);
  });

  it("goes by what the host says where the state cannot be read, and does not know why", () => {
    const known = { kind: "unreadable", why: "no `pulumi` in PATH" } as const;
    const facts = (look: MachineLook, toplevel: typeof old) => ({
      machine: "galena",
      class: "nixos" as const,
      system: "x86_64-linux",
      buildOn: "local" as const,
      declared: { ...anew.declared, toplevel },
      known,
      look,
      observed: look.kind === "seen" ? observedOf(look.seen.observation.facts, "nixos") : undefined,
      provenance: made,
      namespaces: {},
    });
    assert.deepEqual(texts(planMachine(facts(seen(), old))), ["none"]);
    assert.deepEqual(texts(planMachine(facts(seen(), declared))), ["update", "unknown: no `pulumi` in PATH"]);
    assert.deepEqual(texts(planMachine(facts(asleep, declared))), ["unknown"]);
  });

  it("says what somebody else did to the host", () => {
    const rolledBack = seen({ current: foreign, profile: foreign, generation: 6, boot: bootOf(foreign) });
    assert.deepEqual(texts(planned({ look: rolledBack })), [
      "update",
      "rolled back to 2222222-nixos-system-galena, generation 6",
    ]);
    const both = texts(planned({ ...anew, look: rolledBack }));
    assert.deepEqual(both.slice(1), [
      "modules/nixos/base/time.ts changed (nixos/base)",
      "rolled back to 2222222-nixos-system-galena, generation 6",
    ]);
  });

  it("says that the last deployment did not end well: it is tried again", () => {
    const failed = { ...deployed, toplevel: declared, outcome: "rolled-back" };
    assert.deepEqual(texts(planned({ ...anew, known: failed })), [
      "update",
      "modules/nixos/base/time.ts changed (nixos/base)",
      "the last deployment ended as rolled-back",
    ]);
  });

  it("says whose the host was, and that it may be taken over", () => {
    const other = { ...deployed, owner: { project: "fleet", stack: "former" } };
    assert.deepEqual(texts(planned({ known: other })), ["update", "its stack was fleet/former"]);
    const policy = activationPolicySchema.parse({ takeOver: true });
    assert.deepEqual(texts(planned({ declared: { toplevel: old, policy, owner } })), [
      "update",
      "policy takeOver: false → true",
    ]);
  });

  it("names secrets that change alone: the system stays", () => {
    const file = { path: "sops/secrets/galena-age.key/secret", cipher: "sops", sha256: "0".repeat(64) } as const;
    const secrets = { digest: "sha256:new", identity: { ...file, target: "/var/lib/sops-nix/key.txt" }, files: [] };
    const policy = activationPolicySchema.parse({});
    const plan = planned({
      declared: { toplevel: old, policy, owner, secrets },
      known: { ...deployed, secretsDelivered: "sha256:old" },
    });
    assert.deepEqual(texts(plan), ["update", "its secrets changed"]);
    assert.equal(plan.copy, null);
    assert.deepEqual(plan.secrets, { change: true, files: ["/var/lib/sops-nix/key.txt"] });
  });

  it("asks nothing of a machine whose node is off", () => {
    const plan = planned({ ...anew, look: { kind: "off", reason: "its node is off" } });
    assert.deepEqual([plan.change, plan.reachable, plan.host], ["none", null, "its node is off"]);
  });

  it("has its place in the rollout, and is left where the rollout refuses it", () => {
    const wave = { maxUnavailable: null, pauseSeconds: 0, onFailure: "stop", healthGates: null, gated: true } as const;
    const rollout = {
      waves: [
        { ...wave, name: "canaries", machines: ["cinnabar"] },
        { ...wave, name: "rest", machines: ["galena"] },
      ],
      unreachable: "queue",
      stated: [],
      isStated: true,
      operator: {},
      refused: {},
    } as const;
    const plan = planned({ ...anew, rollout });
    assert.deepEqual([plan.change, plan.wave, plan.notes], ["update", { number: 2, of: 2, name: "rest" }, []]);
    assert.deepEqual(planned({ ...anew, rollout, look: asleep }).notes, [
      { kind: "rollout", text: "if it does not answer then, it is tried again behind the last wave" },
    ]);
    const own = planned({ ...anew, rollout: { ...rollout, refused: { galena: "this machine deploys" } } });
    assert.deepEqual(
      [own.change, own.notes],
      ["none", [{ kind: "rollout", text: "not deployed to: this machine deploys" }]],
    );
    assert.equal(
      planned({
        ...anew,
        rollout: {
          ...rollout,
          waves: [{ ...wave, gated: false, name: "all", machines: ["galena"] }],
          unreachable: "fail",
        },
      }).wave,
      null,
    );
  });

  it("knows packages, bytes and reboot where both systems are known, each apart from the others", () => {
    const kernel = {
      kernel: null,
      initrd: null,
      modules: null,
      kernelParams: null,
      initInterface: null,
      inhibitors: null,
    };
    const [before, after] = [
      { path: old, narSize: 10 },
      { path: declared, narSize: 25, narHash: "0".repeat(64), references: [], registrationTime: 0, signatures: [] },
    ];
    const booted = { ...kernel, kernel: "/nix/store/00000000000000000000000000000000-linux-6.12.8/bzImage" };
    const wanted = {
      closure: [after],
      kernel: { ...kernel, kernel: "/nix/store/11111111111111111111111111111111-linux-6.12.10/bzImage" },
    };
    const host = { closure: undefined, missing: new Set([declared]), booted, running: booted };
    const known = planned({ ...anew, look: seen({}, { wanted, running: [before], host, units: undefined }) });
    assert.deepEqual(known.copy, {
      kind: "known",
      paths: 1,
      bytes: 25,
      differences: { kind: "none", why: "too little for differences" },
    });
    assert.deepEqual(known.reboot, { kind: "needed", reasons: ["kernel: linux-6.12.8 → linux-6.12.10"], made: false });
    assert.ok(known.packages?.kind === "known" && known.packages.sizeBytes.after === 25);

    const large = { ...wanted, closure: [{ ...after, narSize: 5 * 2 ** 20 }] };
    const differences = (sending?: Sending, cache: object | null = null) => {
      const policy = activationPolicySchema.parse({ cache });
      const looked = seen({}, { wanted: large, running: [before], host, units: undefined, sending });
      const { copy } = planned({ ...anew, declared: { ...anew.declared, policy }, look: looked });
      return copy?.kind === "known" ? copy.differences : assert.fail();
    };
    assert.deepEqual(differences(), { kind: "unknown", why: "a deep plan tries it" });
    const tried = { paths: 1, bytes: 5 * 2 ** 20, sentBytes: 70_000 };
    assert.deepEqual(differences({ kind: "differences", ...tried }), { kind: "known", ...tried });
    const reason = "the host has no zstd";
    assert.deepEqual(differences({ kind: "full", reason }), { kind: "none", why: reason });
    const cache = { to: "file:///cache", publicKey: `cache-1:${Buffer.alloc(32).toString("base64")}` };
    assert.deepEqual(differences(undefined, cache), { kind: "none", why: "it is fetched from the cache" });

    const policy = activationPolicySchema.parse({ rebootPolicy: "if-needed" });
    const look = seen({}, { wanted, running: [before], host, units: undefined });
    const rebooted = planned({ ...anew, declared: { ...anew.declared, policy }, look });
    assert.ok(rebooted.reboot?.kind === "needed" && rebooted.reboot.made);

    const silent = planned({
      ...anew,
      look: seen({}, { wanted, running: undefined, host: undefined, units: undefined }),
    });
    assert.deepEqual(silent.copy, { kind: "unknown", why: "the host could not tell in time what it has" });
    assert.deepEqual(silent.packages, {
      kind: "unknown",
      why: "the closure that runs is neither here nor could the host tell it",
    });
    assert.deepEqual(silent.reboot, { kind: "unknown", why: "what the host booted is not known" });

    const unbuilt = planned({
      ...anew,
      look: seen({}, { wanted: undefined, running: undefined, host: undefined, units: undefined }),
    });
    assert.deepEqual(unbuilt.copy, { kind: "unknown", why: "the new system is not built here yet" });
  });
});
