import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { type HealthGate, healthGatesSchema } from "../../../deploy/health/health-gate.ts";
import { parseHostKey } from "../../../deploy/ssh/host-key.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import { type EndedWave, passGate, WaveClosedError, type WaveMember } from "../../../stack/pass-gate.ts";
import { DeployedHost } from "../../deploy/support/deployed-host.ts";
import { patience } from "../../deploy/support/signals.ts";

describe("the gate behind a wave, on a host", function () {
  this.timeout(300_000);
  let host: DeployedHost;
  let before_: StorePath;
  let deployed: StorePath;
  const told: string[] = [];

  before(async () => {
    host = await DeployedHost.start("nixos");
    [before_, deployed] = await Promise.all([host.system({ name: "before" }), host.system({ name: "deployed" })]);
    for (const toplevel of [before_, deployed]) assert.equal((await host.deploy(toplevel)).kind, "switched");
  });
  after(() => host[Symbol.asyncDispose]());

  const member = (changes: Partial<WaveMember> = {}): WaveMember => {
    const { name, address, identityFile, hostKey } = host.sim;
    return {
      machine: name,
      class: "nixos",
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: [{ key: parseHostKey(hostKey), source: "this test" }],
      policy: activationPolicySchema.parse({}),
      connectDeadlineSeconds: 60,
      deadlineSeconds: 600,
      owner: { project: "fleet", stack: "test" },
      running: deployed,
      failedUnits: [],
      previous: before_,
      deployedAt: Math.floor(Date.now() / 1000),
      ...changes,
    };
  };
  const pass = (changes: Partial<EndedWave> = {}): Promise<void> => {
    told.length = 0;
    const wave = { name: "canaries", onFailure: "stop", pauseSeconds: 0, healthGates: [], failed: [] } as const;
    return passGate({ ...wave, members: [member()], ...changes }, ({ message }) => told.push(message), patience());
  };
  const closed = async (changes: Partial<EndedWave>): Promise<WaveClosedError> => {
    const error = await pass(changes).then(
      () => assert.fail("it opened"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof WaveClosedError, String(error));
    return error;
  };
  const running = (): Promise<string> => host.ask("readlink -f /run/current-system");
  const file = (argv: readonly string[]): HealthGate[] =>
    healthGatesSchema.parse([{ kind: "command", argv, deadlineSeconds: 1, intervalSeconds: 0.1 }]);

  it("opens when the machine runs what was deployed, no further unit failed, and its health gates hold", async () => {
    await pass({ healthGates: file(["test", "-e", "/run/current-system"]) });
    assert.equal(told.at(-1), "canaries: 1 machine is well");
  });

  it("waits for what is left of the pause since the last deployment", async () => {
    const began = Math.floor(Date.now() / 1000);
    await pass({ pauseSeconds: 3, members: [member({ deployedAt: began - 1 })] });
    assert.match(told[0] ?? "", /^canaries: waits until \S+Z, then looks at 1 machine$/);
    assert.ok(Date.now() / 1000 >= began + 2);
  });

  it("stays closed when a health gate does not hold, and leaves the machine as it is", async () => {
    const { message } = await closed({ healthGates: file(["test", "-e", "/run/nobody-makes-this"]) });
    assert.match(message, /wave canaries is closed, nothing behind it is deployed to: \S+: .*nobody-makes-this/);
    assert.equal(await running(), deployed);
  });

  it("stays closed when the machine runs another system, or a unit has failed since", async () => {
    const other = await closed({ members: [member({ running: before_ })] });
    assert.match(other.message, /runs \w{7}-nixos-system-deployed, deployed was \w{7}-nixos-system-before/);
    await host.ask(
      "systemd-run --unit=fails-later /bin/false; until systemctl is-failed --quiet fails-later; do sleep 0.1; done",
    );
    try {
      assert.match((await closed({})).message, /failed since: fails-later\.service/);
      await pass({ members: [member({ failedUnits: ["fails-later.service"] })] });
    } finally {
      await host.ask("systemctl reset-failed fails-later");
    }
  });

  it("goes on all the same where the rollout says so, and says what is wrong", async () => {
    await pass({ onFailure: "continue", members: [member({ running: before_ })] });
    assert.match(told.at(-1) ?? "", /^canaries: goes on although \S+: runs /);
  });

  it("takes the machines back that this run deployed to, when another one failed and the rollout says so", async () => {
    const error = await closed({ onFailure: "rollback-wave", failed: ["another"] });
    assert.deepEqual(error.takenBack, [host.sim.name]);
    assert.match(error.message, /another: its deployment failed[\s\S]*taken back to \w{7}-nixos-system-before/);
    const { current, profile, boots } = await host.witness();
    assert.deepEqual([current, profile, boots], [before_, before_, before_]);
  });

  it("takes nothing back where nothing ran before, or it is the same", async () => {
    for (const previous of [null, before_]) {
      const error = await closed({
        onFailure: "rollback-wave",
        failed: ["another"],
        members: [member({ running: before_, previous })],
      });
      assert.deepEqual(error.takenBack, []);
    }
    assert.equal(await running(), before_);
  });
});
