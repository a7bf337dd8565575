import { type Probe, probeHost } from "../deploy/probe.ts";
import { SecretText } from "../deploy/ssh/secret-text.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { HostConnection } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import type { Stack } from "../stack/stack.ts";
import { resolveWay } from "../stack/way-to-host.ts";

/** Asks the host of one machine what it runs and says it in a line. Unreachable is a state, not an error. */
export type ProbeMachine = (
  machine: string,
  targetHost: string,
  machineClass: "nixos" | "darwin",
  declared: StorePath,
) => Promise<string>;

/** Probes start when they are first asked for, all in parallel; each has a short deadline. */
export function hostProber(
  connections: ReadonlyMap<string, HostConnection>,
  stack: Stack,
  signal: AbortSignal,
): ProbeMachine {
  const { sudoPassword } = stack.config;
  const password = sudoPassword === undefined ? undefined : new SecretText(sudoPassword);
  return async (machine, targetHost, machineClass, declared) => {
    const connection = connections.get(machine);
    if (connection === undefined) return "no way to it is known";
    const spec = await resolveWay({ ...wayOf(machine, connection, stack), targetHost }, password);
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
