import assert from "node:assert/strict";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { describe, it } from "mocha";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { check, create, deployedSince, diff, update } from "../../providers/wave-gate.impl.ts";
import type { GateMember, WaveGateInputs } from "../../providers/wave-gate-schema.ts";
import { WaveClosedError } from "../../stack/pass-gate.ts";

const running = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system");

function member(machine: string, deployedAt: number | null): GateMember {
  return {
    machine,
    class: "nixos",
    system: "x86_64-linux",
    // A port that nobody listens on: whoever is looked at is not well.
    targetHost: "root@127.0.0.1:1",
    identityFiles: [],
    hostKeys: [],
    policy: activationPolicySchema.parse({ reconnectDeadlineSeconds: 1 }),
    connectDeadlineSeconds: 1,
    deadlineSeconds: 60,
    owner: { project: "pulumi-clan", stack: "test" },
    running,
    failedUnits: [],
    previous: null,
    deployedAt,
  };
}

const inputs: WaveGateInputs = {
  wave: "canaries",
  onFailure: "stop",
  pauseSeconds: 0,
  healthGates: [],
  members: [member("galena", 100), member("cinnabar", null)],
  failed: [],
  reportTo: "urn:pulumi:test::pulumi-clan::clan:index:Rollout::minerals-rollout",
  __since: 50,
};

describe("WaveGate", () => {
  it("accepts what a preview does not know yet, and is shown as one that will look", async () => {
    const unknown = { ...inputs, members: unknownValue } as unknown as WaveGateInputs;
    assert.deepEqual((await check({}, unknown)).failures, []);
    assert.equal((await diff("canaries", inputs, unknown)).changes, true);
  });

  it("differs by deployments and failures alone: no other pause, address or run is a reason to look again", async () => {
    const differs = async (news: Partial<WaveGateInputs>) =>
      (await diff("canaries", inputs, { ...inputs, __since: 200, ...news })).changes;
    assert.equal(await differs({}), false);
    assert.equal(await differs({ pauseSeconds: 60, onFailure: "continue" }), false);
    assert.equal(await differs({ members: [] }), false);
    assert.equal(await differs({ members: [member("galena", 210)] }), true);
    assert.equal(await differs({ failed: ["cinnabar"] }), true);
  });

  it("looks at what was deployed to since it last opened, also by a run that was cut off", () => {
    const names = (all: readonly GateMember[], olds: unknown, since: number) =>
      deployedSince(all, olds, since).map(({ machine }) => machine);
    assert.deepEqual(names([member("galena", 150), member("cinnabar", null)], inputs, 200), ["galena"]);
    assert.deepEqual(names([member("galena", 100)], inputs, 200), []);
    // Of a machine that it has never seen only this run's deployment counts.
    assert.deepEqual(names([member("pyrite", 150), member("electrum", 250)], inputs, 200), ["electrum"]);
    assert.deepEqual(names([member("galena", 150)], { members: "of another form" }, 200), []);
  });

  it("opens at once where nothing was deployed", async () => {
    const { id } = await create({ ...inputs, __since: 200, pauseSeconds: 86_400 });
    assert.equal(id, "canaries");
  });

  it("stays closed after a failed deployment, names the machine, and says that the others stay", async () => {
    const closed = await create({ ...inputs, failed: ["cinnabar"] }).catch((error: unknown) => error);
    assert.ok(closed instanceof WaveClosedError);
    assert.match(closed.message, /^wave canaries is closed.*: cinnabar: its deployment failed/);
    assert.match(closed.message, /what is well stays as it is/);
  });

  it("stays closed when a machine does not answer after the pause", async () => {
    await assert.rejects(create(inputs), /wave canaries is closed.*galena/);
  }).timeout(60_000);

  it("goes on all the same where the rollout says so, and keeps what it has seen", async () => {
    const news: WaveGateInputs = { ...inputs, onFailure: "continue", failed: ["cinnabar"] };
    const { outs } = await update("canaries", inputs, news);
    const members = [
      { machine: "galena", deployedAt: 100 },
      { machine: "cinnabar", deployedAt: null },
    ];
    assert.deepEqual(outs, { ...news, members }, "of its members no more than what it asks of them later");
    assert.equal((await diff("canaries", outs, { ...news, failed: [] })).changes, false);
  }).timeout(60_000);
});
