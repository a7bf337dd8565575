import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { describe, it } from "mocha";
import { type FleetModel, fleetModelSchema } from "../../clan/fleet-model.ts";
import { planRollout } from "../../clan/rollout/plan-rollout.ts";
import type { RolloutConfig } from "../../clan/rollout/rollout-schema.ts";
import type { HostProbe, MachineSettings } from "../../components/machine.ts";
import type { MachineOutcome } from "../../components/machine-registry.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { type Registered, recordResources, resolved } from "./support.ts";

const toplevel = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system");
const before = parseStorePath("/nix/store/1123456789abcdfghijklmnpqrsvwxyz-nixos-system");
const definedAt = { file: "modules/clan/machines.ts", line: 1 };
const names = ["cinnabar", "electrum", "galena"] as const;

const model: FleetModel = fleetModelSchema.parse({
  schema: 1,
  name: "minerals",
  machines: Object.fromEntries(names.map((name) => [name, machine(name === "galena" ? ["canary"] : ["server"])])),
  namespaces: {},
  instances: {},
  tags: { canary: ["galena"], server: ["cinnabar", "electrum"] },
  nodes: {},
  vars: { directory: "vars", perMachine: {}, shared: [] },
  secretStore: null,
});

function machine(tags: readonly string[]) {
  const none = { description: null, targetHost: null, buildHost: null, imports: [], users: [] };
  return { class: "nixos", system: "x86_64-linux", tags, ...none, registered: true, inInventory: true, definedAt };
}

const answers: HostProbe = {
  text: null,
  observed: { running: toplevel, specialisations: [], profile: toplevel, settled: true },
};
const asleep: HostProbe = { text: null, observed: null, unreachable: "no answer within 5 s" };

interface Run {
  readonly resources: readonly Registered[];
  readonly rows: Readonly<Record<string, MachineOutcome>>;
}

/** One update with an engine that answers as the real one: a failed resource is rejected, the others go on. */
async function update(
  config: RolloutConfig,
  {
    failing = [],
    probe = () => answers,
    operator = {},
  }: {
    readonly failing?: readonly string[];
    readonly probe?: (machine: string) => HostProbe;
    readonly operator?: Readonly<Record<string, string>>;
  } = {},
): Promise<Run> {
  const resources = await recordResources(({ name, inputs }) => {
    if (failing.includes(name)) throw new Error(`${name} failed`);
    const deployed = { outcome: "switched", generation: 2, seconds: 3, deployedAt: 100, previous: before };
    return name.endsWith("-closure") ? { ...deployed, running: inputs["toplevel"], failedUnits: [] } : {};
  });
  const { Fleet } = await import("../../components/fleet.ts");
  const known = new Map(Object.entries(operator));
  const plan = planRollout({ fleet: model.machines, machines: [...names], config, operator: known, file: "stack" });
  const machines = names.map((name) => settings(name, probe));
  const rollout = { plan, healthGatesOf: () => [] };
  const rows = await resolved(new Fleet("minerals", { model, machines, rollout }).machines);
  return { resources, rows };
}

function settings(name: (typeof names)[number], probe: (machine: string) => HostProbe): MachineSettings {
  const spec = Object.entries(model.machines).find(([one]) => one === name)?.[1];
  assert.ok(spec);
  return {
    machine: name,
    spec,
    targetHost: `root@${name}`,
    probe: () => Promise.resolve(probe(name)),
    delivery: {
      system: "x86_64-linux",
      toplevel,
      drvPath: `${toplevel}.drv`,
      buildOn: "local",
      identityFiles: [],
      hostKeys: [],
      policy: activationPolicySchema.parse({}),
      connectDeadlineSeconds: 5,
      deadlineSeconds: 60,
      owner: { project: "pulumi-clan", stack: "test" },
      secrets: null,
    },
  };
}

/** Closures and gates in the order in which the engine was given them. */
function order({ resources }: Run): string[] {
  return resources.flatMap(({ type, name }) => (/:(SystemClosure|WaveGate)$/.test(type) ? [name] : []));
}

function inputsOf({ resources }: Run, name: string): Readonly<Record<string, unknown>> {
  const found = resources.find((resource) => resource.name === name);
  assert.ok(found, `${name} is not among ${resources.map((resource) => resource.name).join(", ")}`);
  return found.inputs;
}

describe("a rollout", () => {
  const canary: RolloutConfig = { canaries: ["tag:canary"] };

  it("gives the engine a wave when the one before has ended and its gate is open", async () => {
    const run = await update(canary);
    const [first, gate, ...rest] = order(run);
    assert.deepEqual(
      [first, gate, rest.sort()],
      ["galena-closure", "minerals-rollout-canaries", ["cinnabar-closure", "electrum-closure"]],
    );
    assert.equal(inputsOf(run, "cinnabar-closure")["held"] ?? null, null);
  });

  it("shows its waves as inputs, so that another order is a property diff", async () => {
    const { waves } = inputsOf(await update(canary), "minerals-rollout");
    assert.deepEqual(waves, [
      { wave: "canaries", machines: ["galena"], onFailure: "stop", pauseSeconds: 0 },
      { wave: "rest", machines: ["cinnabar", "electrum"], onFailure: "stop", pauseSeconds: 0 },
    ]);
  });

  it("gives a gate what it looks at: the way to each machine, and what was deployed", async () => {
    const [member] = inputsOf(await update(canary), "minerals-rollout-canaries")["members"] as Record<
      string,
      unknown
    >[];
    const { machine: name, running, previous, deployedAt, targetHost } = member ?? {};
    assert.deepEqual([name, running, previous, deployedAt], ["galena", toplevel, before, 100]);
    assert.equal(targetHost, "root@galena");
  });

  it("keeps what is behind a failure in the state, untouched, and says what it waits for", async () => {
    const asked: string[] = [];
    const probe = (name: string): HostProbe => {
      asked.push(name);
      return answers;
    };
    const run = await update(canary, { failing: ["galena-closure", "minerals-rollout-canaries"], probe });
    assert.deepEqual([...new Set(asked)], ["galena"], "nobody else's host is asked");
    const held = { kind: "held", reason: "wave canaries: galena failed" };
    assert.deepEqual(inputsOf(run, "cinnabar-closure")["held"], held);
    assert.deepEqual(inputsOf(run, "minerals-rollout-canaries")["failed"], ["galena"]);
    assert.equal(run.rows["galena"]?.outcome, "failed");
    assert.deepEqual([run.rows["cinnabar"]?.outcome, run.rows["cinnabar"]?.reason], [held.kind, held.reason]);
  });

  it("keeps what is behind a gate that does not open, too", async () => {
    const run = await update(canary, { failing: ["minerals-rollout-canaries"] });
    assert.equal(run.rows["galena"]?.outcome, "switched");
    assert.match(run.rows["electrum"]?.reason ?? "", /^wave canaries is closed: see the error of its gate$/);
  });

  it("goes on after a failure where the stack says so", async () => {
    const run = await update({ ...canary, onFailure: "continue" }, { failing: ["galena-closure"] });
    assert.deepEqual(
      Object.values(run.rows).map(({ outcome }) => outcome),
      ["switched", "switched", "failed"],
    );
  });

  it("leaves a host that does not answer for another update, which is no failure", async () => {
    const run = await update(
      { ...canary, unreachable: "skip" },
      { probe: (name) => (name === "galena" ? asleep : answers) },
    );
    const held = { kind: "skipped", reason: "no answer within 5 s" };
    assert.deepEqual(inputsOf(run, "galena-closure")["held"], held);
    assert.deepEqual(
      Object.values(run.rows).map(({ outcome }) => outcome),
      ["switched", "switched", "skipped"],
    );
    assert.deepEqual(inputsOf(run, "minerals-rollout-canaries")["members"], []);
  });

  it("tries a queued host again behind the last wave, and deploys to it when it has woken up", async () => {
    let asked = 0;
    const probe = (name: string): HostProbe => (name === "galena" && asked++ === 0 ? asleep : answers);
    const run = await update({ ...canary, unreachable: "queue" }, { probe });
    assert.equal(order(run).at(-1), "galena-closure");
    assert.equal(run.rows["galena"]?.outcome, "switched");
  });

  it("does not try a queued host where the rollout has stopped meanwhile", async () => {
    const probe = (name: string): HostProbe => (name === "galena" ? asleep : answers);
    const run = await update({ ...canary, unreachable: "queue" }, { probe, failing: ["electrum-closure"] });
    assert.deepEqual([run.rows["galena"]?.outcome, run.rows["galena"]?.reason], ["held", "wave rest: electrum failed"]);
  });

  it("leaves a queued host that still sleeps then as queued", async () => {
    const probe = (name: string): HostProbe => (name === "galena" ? asleep : answers);
    const run = await update({ ...canary, unreachable: "queue" }, { probe });
    assert.equal(order(run).at(-1), "galena-closure");
    assert.deepEqual([run.rows["galena"]?.outcome, run.rows["galena"]?.reason], ["queued", "no answer within 5 s"]);
  });

  it("deploys to the operator's own machine after all others, and not at all where it is refused", async () => {
    const operator = { cinnabar: "its host key" };
    assert.equal(order(await update({ waves: [{}] }, { operator })).at(-1), "cinnabar-closure");
    const refused = await update({ operator: "refuse" }, { operator });
    assert.equal(refused.rows["cinnabar"]?.outcome, "refused");
    assert.equal(refused.rows["galena"]?.outcome, "switched");
  });

  it("makes the same resources on whichever machine the update runs", async () => {
    const resources = async (operator: Record<string, string>) => {
      const run = await update({ ...canary, waves: [{ machines: ["cinnabar"] }] }, { operator });
      const own = () => run.resources.filter(({ type }) => /:(Rollout|WaveGate)$/.test(type));
      // The gate of a wave without a turn is registered behind all others, which the rows do not wait for.
      while (own().length < 3) await setImmediate();
      return own().map(({ name, inputs }) => `${name} ${JSON.stringify(inputs["waves"])}`);
    };
    const elsewhere = await resources({});
    assert.deepEqual((await resources({ cinnabar: "its host key" })).sort(), elsewhere.sort());
    assert.deepEqual((await resources({ galena: "its host key" })).sort(), elsewhere.sort());
  });

  it("has the operator's machine last without a resource where the stack states no order", async () => {
    const run = await update({}, { operator: { cinnabar: "its host key" } });
    assert.equal(order(run).at(-1), "cinnabar-closure");
    assert.equal(
      run.resources.some(({ type }) => /Rollout|WaveGate/.test(type)),
      false,
    );
  });

  it("says of a machine that was taken back with its wave what it runs then", async () => {
    let asked = 0;
    const taken: HostProbe = {
      text: null,
      observed: { running: before, specialisations: [], profile: before, settled: true },
    };
    // The first look is before the deployment, the second one after the gate.
    const probe = (name: string): HostProbe => (name === "galena" && asked++ > 0 ? taken : answers);
    const config: RolloutConfig = { ...canary, onFailure: "rollback-wave" };
    const run = await update(config, { failing: ["minerals-rollout-canaries"], probe });
    const { outcome, toplevel: running, reason } = run.rows["galena"] ?? {};
    assert.deepEqual([outcome, running, reason], ["rolled-back", before, "taken back with its wave"]);
    assert.equal(run.rows["cinnabar"]?.outcome, "held");
  });

  it("leaves the outcome of a machine that could not be taken back as it is: it still runs what was deployed", async () => {
    const config: RolloutConfig = { ...canary, onFailure: "rollback-wave" };
    const run = await update(config, { failing: ["minerals-rollout-canaries"] });
    assert.deepEqual([run.rows["galena"]?.outcome, run.rows["galena"]?.toplevel], ["switched", toplevel]);
  });

  it("is no resource where there is no order: states of fleets without one stay as they are", async () => {
    const { resources } = await update({});
    assert.equal(
      resources.some(({ type }) => /Rollout|WaveGate/.test(type)),
      false,
    );
  });
});
