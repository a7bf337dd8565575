import { type Probe, probeHost } from "../deploy/probe.ts";
import { readOperatorEnvironment, resolveConnection } from "../deploy/ssh/resolve-connection.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { HostConnection } from "../stack/connections.ts";

/** Asks the host of one machine what it runs and says it in a line. Unreachable is a state, not an error. */
export type ProbeMachine = (
  machine: string,
  targetHost: string,
  machineClass: "nixos" | "darwin",
  declared: StorePath,
) => Promise<string>;

/** Probes start when they are first asked for, all in parallel; each has a short deadline. */
export function hostProber(connections: ReadonlyMap<string, HostConnection>, signal: AbortSignal): ProbeMachine {
  const operator = readOperatorEnvironment(process.env);
  return async (machine, targetHost, machineClass, declared) => {
    const connection = connections.get(machine);
    if (connection === undefined) return "no way to it is known";
    const { definedAt, hostKeys, identityFiles } = connection;
    const identities = identityFiles.length === 0 ? {} : { identityFiles };
    const request = { machine, target: targetHost, definedAt, hostKeys, ...identities };
    const spec = resolveConnection(request, await operator);
    return renderProbe(await probeHost(spec, machineClass, signal), declared);
  };
}

/** One line for the machine's component. */
export function renderProbe(probe: Probe, declared: StorePath): string {
  if (probe.kind === "unreachable") return `unreachable: ${probe.reason}`;
  if (probe.kind !== "reachable") return `not reachable: ${probe.error.message}`;
  const { current, profile, generation } = probe.facts;
  if (current === declared && profile === declared)
    return `reachable, runs ${renderStorePath(declared)}, generation ${generation}`;
  if (current === declared)
    return `reachable, runs ${renderStorePath(declared)}, not committed: a reboot would undo it`;
  return `reachable, ${current === null ? "no system" : renderStorePath(current)} → ${renderStorePath(declared)}`;
}
