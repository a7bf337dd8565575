import type { HostKind, Loader } from "../../../sim/hosts/host-spec.ts";
import { type CommandResult, runCommand } from "../../../sim/hosts/run-command.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { ownSimulation } from "../hosts/own-simulation.ts";
import { build, copyOfFixture } from "./nix.ts";

// For each use: a signal made as the module is loaded has run out when a long run of tests comes here.
const soon = (): AbortSignal => AbortSignal.timeout(300_000);

/** A simulated host of the test's own, to which toplevels of the fixture are brought. */
export interface SwitchedHost extends AsyncDisposable {
  readonly host: SimHost;
  /** Builds the fixture's machine with more configuration (Nix text) and copies it to the host's store. */
  bring(configuration?: string): Promise<string>;
  /** Builds it only. */
  toplevel(configuration?: string): Promise<string>;
  /** Runs a line of shell on the host as root. */
  run(line: string): Promise<CommandResult>;
  /** `run` whose exit code must be 0. @returns stdout without the last line's end. */
  ask(line: string): Promise<string>;
  /** `<toplevel>/bin/switch-to-configuration <action>`. */
  stc(toplevel: string, action: string, environment?: string): Promise<CommandResult>;
}

const machines = {
  nixos: ["quartz", "nix/entries/nixos/machines/nixos/quartz/default.nix"],
  darwin: ["topaz", "nix/entries/darwin/machines/darwin/topaz/default.nix"],
} as const;

export async function switchedHost(
  kind: Exclude<HostKind, "debian">,
  more: { readonly loader?: Loader } = {},
): Promise<SwitchedHost> {
  const simulation = await ownSimulation();
  const host = await startHost(simulation.host(kind, { bootBytes: 8 * 2 ** 20, ...more }), soon(), simulation.state);
  const [machine, file] = machines[kind];
  const run = (line: string): Promise<CommandResult> => host.exec(line, soon(), { deadlineMs: 120_000 });
  const ask = async (line: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await run(line);
    if (exitCode !== 0) throw new Error(`${line}: exit ${exitCode}: ${stderr}`);
    return stdout.trimEnd();
  };
  const toplevel = async (configuration = ""): Promise<string> => {
    await using tree = await copyOfFixture();
    await tree.edit(file, "networking.hostName =", `${configuration}\nnetworking.hostName =`);
    return await build(tree.toplevel(machine, kind)); // before the tree goes
  };
  return {
    host,
    toplevel,
    run,
    ask,
    bring: async (configuration) => {
      const system = await toplevel(configuration);
      const ssh = host.sshArguments.map((word) => `'${word}'`).join(" ");
      const script = `nix-store --export $(nix-store --query --requisites ${system}) | ssh ${ssh} 'nix-store --import > /dev/null'`;
      await runCommand("sh", ["-c", script], { deadlineMs: 120_000 }, soon());
      return system;
    },
    stc: (system, action, environment = "") => run(`${environment} ${system}/bin/switch-to-configuration ${action}`),
    [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose](),
  };
}
