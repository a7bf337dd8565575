import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import type { MachineModel } from "../../clan/fleet-model.ts";
import type { MachineSettings } from "../../components/machine.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { resolved } from "./support.ts";

const toplevel = parseStorePath(`/nix/store/${"0".repeat(32)}-nixos-system`);
const names = Array.from({ length: 150 }, (_, index) => `machine-${index}`);
const facts = { outcome: "switched", generation: 1, seconds: 1, deployedAt: 1, previous: null, failedUnits: [] };

const spec: MachineModel = {
  class: "nixos",
  system: "x86_64-linux",
  tags: [],
  description: "",
  targetHost: null,
  buildHost: null,
  imports: [],
  users: [],
  registered: true,
  inInventory: true,
  definedAt: { file: "modules/clan/machines.ts", line: 1 },
};

function settings(machine: string): MachineSettings {
  const observed = { running: toplevel, specialisations: [], profile: toplevel, settled: true };
  return {
    machine,
    spec,
    targetHost: `root@${machine}`,
    probe: () => Promise.resolve({ text: null, observed }),
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

/** With an engine that takes its time. @returns the table, and how many systems were before the engine at most at once. */
async function register(isPreview: boolean, failing: readonly string[] = []) {
  let [now, most] = [0, 0];
  const newResource = async ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    if (!type.endsWith(":SystemClosure")) return { id: name, state: inputs };
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
    if (failing.includes(name)) throw new Error(`${name} failed`);
    return { id: name, state: { ...inputs, ...facts, running: inputs["toplevel"] } };
  };
  await pulumi.runtime.setMocks({ newResource, call: ({ inputs }) => inputs }, "pulumi-clan", "test", isPreview);
  const { MachineRegistry } = await import("../../components/machine-registry.ts");
  const registry = new MachineRegistry("registry", { machines: names.map(settings) });
  const last = (await registry.machineNamed("machine-149")) && "machine-149";
  assert.equal(await registry.machineNamed("nobody"), undefined);
  return { rows: await resolved(registry.machines), most, last };
}

describe("the registry of a large fleet", () => {
  it("has no more than 64 machines registered at a time in a preview, and each of them at its end", async () => {
    const { rows, most, last } = await register(true);
    assert.deepEqual(Object.keys(rows), names);
    assert.ok(most > 1 && most <= 64, `${most} at once`);
    assert.equal(last, "machine-149");
  });

  it("goes on behind a machine that fails", async () => {
    const { rows } = await register(true, ["machine-3-closure"]);
    assert.deepEqual(Object.keys(rows), names);
    assert.equal(rows["machine-3"]?.outcome, "failed");
    assert.equal(rows["machine-149"]?.outcome, "switched");
  });

  it("leaves to the engine how many an update deploys to at a time", async () => {
    const { rows, most } = await register(false);
    assert.deepEqual(Object.keys(rows), names);
    assert.ok(most > 64, `${most} at once`);
  });
});
