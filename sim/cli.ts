import { spawn } from "node:child_process";
import { Argument, Command, CommanderError } from "commander";
import { FleetError, FleetErrors } from "../errors.ts";
import { type DeedByHand, deedsByHand, doByHand } from "./gcp/by-hand.ts";
import { cloudHostsThatShouldRun } from "./gcp/instance-power.ts";
import { SimulationError } from "./hosts/errors.ts";
import { defaultHosts, exampleHosts, type HostSpec } from "./hosts/host-spec.ts";
import { hostStatus } from "./hosts/host-status.ts";
import { currentNetwork } from "./hosts/network.ts";
import { defaultSimState, readRecord, type SimState } from "./hosts/sim-state.ts";
import { prepareHost } from "./hosts/simulated-host.ts";
import { bringDown, bringUp, resetHosts, simulationStatus } from "./hosts/simulation.ts";

// The `sim` command. Exit 0: done; 1: it failed; 2: wrong usage; 130: interrupted.

const state = defaultSimState();
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
process.once("SIGTERM", () => interrupted.abort());
const { signal } = interrupted;

const program = new Command("sim")
  .description("the simulated fleet: hosts with real systemd, sshd and Nix in containers (as root)")
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

program
  .command("up")
  .description(
    "boot hosts that are off, and wait until sshd answers (default: cinnabar and stibnite, or with PULUMI_CLAN_SIM_HOSTS=all every machine that is not a cloud node; and the hosts of instances that the simulated cloud should be running)",
  )
  .argument("[host...]", "machines of the example fleet")
  .action(async (names: string[]) => {
    requireRoot();
    const everyDay = [...defaultHosts(process.env), ...(await cloudHostsThatShouldRun(state))];
    const specs = names.length === 0 ? everyDay : names.map(specNamed);
    const started = performance.now();
    await bringUp(state, specs, say, signal);
    say(`${specs.length} hosts are up (${seconds(started)})`);
  });

program
  .command("down")
  .description("stop and remove every host, with mounts, links and cgroups; keys stay")
  .action(async () => {
    requireRoot();
    const started = performance.now();
    const removed = await bringDown(state, say, signal);
    say(removed === 0 ? "no host was there" : `${removed} hosts removed (${seconds(started)})`);
  });

program
  .command("status")
  .description("every host with state, address and console")
  .option("--json", "for machines", false)
  .action(async ({ json }: { json: boolean }) => {
    const hosts = await simulationStatus(state);
    if (json) answer(JSON.stringify({ schema: 1, directory: state.directory, hosts }));
    else if (hosts.length === 0) answer("no host");
    else
      for (const host of hosts)
        answer(
          [host.name.padEnd(12), host.kind.padEnd(7), host.state.padEnd(8), host.address.padEnd(15), host.console].join(
            " ",
          ),
        );
  });

program
  .command("reset")
  .description("bring hosts back to their first state: an empty disk, the first generation, the same keys")
  .argument("[host...]", "default: all that are there")
  .action(async (names: string[]) => {
    requireRoot();
    const started = performance.now();
    const count = await resetHosts(state, names, say, signal);
    say(`${count} hosts are as new (${seconds(started)})`);
  });

program
  .command("cloud")
  .description("do to a cloud instance what its owner's colleagues or Google do, behind the back of every deployment")
  .addArgument(new Argument("<deed>", "what happens").choices(deedsByHand))
  .argument("<machine>", "machine whose instance it happens to")
  .action(async (deed: DeedByHand, machine: string) => {
    requireRoot();
    await doByHand(state, machine, deed, signal);
    say(`${machine}: ${deed}`);
  });

program
  .command("ssh")
  .description("a session or one command as root, with the host's pinned key")
  .argument("<host>", "machine")
  .argument("[command...]", "after --; default: a login shell")
  .action(async (name: string, command: string[]) => {
    process.exitCode = await openSession(name, command);
  });

async function openSession(name: string, command: readonly string[]): Promise<number> {
  const record = await readRecord(state, name);
  if (record === undefined || (await hostStatus(state, name))?.state !== "running") throw notRunning(state, name);
  const host = await prepareHost(record.spec, signal, state);
  // One word is a shell command as it stands; several are joined as ssh itself does.
  const elsewhere = record.supervisor !== undefined && record.network !== (await currentNetwork());
  const enter = elsewhere ? ["nsenter", `--net=/proc/${record.supervisor?.pid}/ns/net`, "--"] : [];
  const [file = "ssh", ...args] = [...enter, "ssh", ...host.sshArguments, ...command];
  const child = spawn(file, args, { stdio: "inherit" });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 255));
  return promise;
}

function specNamed(name: string): HostSpec {
  const spec = exampleHosts.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  throw new SimulationError({
    summary: `${name}: no such host in the simulated fleet`,
    expected: exampleHosts.map((host) => host.name).join(" "),
    found: name,
    at: "command line",
    fix: "name one of them",
  });
}

function notRunning(where: SimState, name: string): SimulationError {
  return new SimulationError({
    summary: `${name}: the host does not run`,
    expected: "a running host",
    found: `none of that name in ${where.directory}`,
    at: "command line",
    fix: `npm run sim -- up ${name}`,
  });
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new SimulationError({
    summary: "the simulation needs root",
    expected: "uid 0, for containers, mounts and network interfaces",
    found: `uid ${process.getuid?.()}`,
    at: "command line",
    fix: "run it with sudo",
  });
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** stderr is the progress. */
function say(line: string): void {
  process.stderr.write(`sim: ${line}\n`);
}

/** stdout is the answer. */
function answer(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (signal.aborted) process.exitCode = 130;
  else {
    const text =
      error instanceof FleetError || error instanceof FleetErrors
        ? error.message
        : error instanceof Error
          ? error.stack
          : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
