import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { mountsBelow } from "../../../sim/hosts/mounts.ts";
import { type OwnNetwork, ownNetwork } from "../../../sim/hosts/own-network.ts";
import { type CommandResult, tryCommand } from "../../../sim/hosts/run-command.ts";
import { hostPaths, readRecord } from "../../../sim/hosts/sim-state.ts";
import { type OwnSimulation, ownSimulation, soon } from "./own-simulation.ts";

const cli = join(import.meta.dirname, "../../../sim/cli.ts");

// In a network namespace of its own, so that a user's running simulation is not met.
describe("sim command", function () {
  this.timeout(60_000);
  let simulation: OwnSimulation;
  let network: OwnNetwork;

  const sim = (...args: string[]): Promise<CommandResult> => {
    const [command, ...rest] = network.wrap(process.execPath, [cli, ...args]);
    const env = { ...process.env, PULUMI_CLAN_SIM_STATE: simulation.state.directory, PULUMI_CLAN_SIM_HOSTS: "" };
    return tryCommand(command, rest, { env }, soon());
  };
  const left = async (): Promise<unknown> => {
    const [command, ...args] = network.wrap("ip", ["-brief", "link", "show", "type", "bridge"]);
    const processes = await tryCommand("ps", ["-eo", "args"], {}, soon());
    return {
      links: (await tryCommand(command, args, {}, soon())).stdout,
      mounts: await mountsBelow(simulation.state.directory),
      processes: processes.stdout.split("\n").filter((line) => line.includes(`-${simulation.state.instance} `)),
    };
  };

  before(async () => {
    simulation = await ownSimulation();
    network = await ownNetwork(soon());
  });
  after(async () => {
    await sim("down");
    await network[Symbol.asyncDispose]();
    await simulation[Symbol.asyncDispose]();
  });

  it("boots the default hosts, and the second time at once", async () => {
    assert.equal((await sim("up")).exitCode, 0);
    const began = performance.now();
    const { exitCode, stderr } = await sim("up");
    assert.equal(exitCode, 0);
    assert.match(stderr, /cinnabar: was up/);
    assert.match(stderr, /stibnite: was up/);
    assert.ok(performance.now() - began < 2_000, `it took ${performance.now() - began} ms`);
  });

  it("tells the state of every host", async () => {
    const { stdout } = await sim("status", "--json");
    const shown = JSON.parse(stdout).hosts.map(({ name, kind, address, state }: Record<string, string>) => ({
      name,
      kind,
      address,
      state,
    }));
    assert.deepEqual(shown, [
      { name: "cinnabar", kind: "nixos", address: "198.51.100.11", state: "running" },
      { name: "stibnite", kind: "darwin", address: "198.51.100.21", state: "running" },
    ]);
  });

  it("runs a command on a host and ends with its exit code", async () => {
    const { stdout, exitCode } = await sim("ssh", "cinnabar", "--", "hostname; exit 7");
    assert.deepEqual({ stdout, exitCode }, { stdout: "cinnabar\n", exitCode: 7 });
  });

  it("brings a host back to its first state with the same key", async () => {
    await sim("ssh", "cinnabar", "--", "touch /root/file");
    assert.equal((await sim("reset", "cinnabar")).exitCode, 0);
    const { stdout } = await sim("ssh", "cinnabar", "--", "ls /root");
    assert.equal(stdout, "");
  });

  it("names the hosts there are when one is unknown", async () => {
    const { stderr, exitCode } = await sim("up", "cinabar");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^cinabar: no such host in the simulated fleet\n {2}expected: cinnabar electrum/);
  });

  it("removes everything, also what a crash left without supervisor and record", async () => {
    const record = await readRecord(simulation.state, "cinnabar");
    assert.ok(record?.supervisor);
    process.kill(record.supervisor.pid, "SIGKILL");
    await rm(hostPaths(simulation.state, "cinnabar").record);
    const { exitCode, stderr } = await sim("down");
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await left(), { links: "", mounts: [], processes: [] });
  });
});
