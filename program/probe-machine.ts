import { type Probe, probeHost } from "../deploy/probe.ts";
import { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import { observedOf } from "../providers/host-observation.ts";
import type { Observed } from "../providers/system-closure-schema.ts";
import type { HostConnection } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import type { Stack } from "../stack/stack.ts";
import { resolveWay } from "../stack/way-to-host.ts";

/** What the host of one machine said, for people and for `diff`. */
export interface HostProbe {
  /** One line for the machine's component. Unreachable is a state, not an error. */
  readonly line: string;
  /** null: it did not answer, or could not be asked. */
  readonly observed: Observed | null;
}

/** Asks the host of one machine what it runs. */
export type ProbeMachine = (
  machine: string,
  targetHost: string,
  machineClass: "nixos" | "darwin",
  declared: StorePath,
) => Promise<HostProbe>;

/**
 * Probes start when they are first asked for, all in parallel; each has a short deadline. Whatever is wrong with one host
 * is said on its machine's line: an exception here would end the preview of the whole fleet.
 */
export function hostProber(
  connections: ReadonlyMap<string, HostConnection>,
  stack: Stack,
  signal: AbortSignal,
): ProbeMachine {
  const { sudoPassword } = stack.config;
  const password = sudoPassword === undefined ? undefined : new SecretText(sudoPassword);
  return async (machine, targetHost, machineClass, declared) => {
    const connection = connections.get(machine);
    if (connection === undefined) return { line: "no way to it is known", observed: null };
    try {
      const spec = await resolveWay({ ...wayOf(machine, connection, stack), targetHost }, password);
      const probe = await probeHost(spec, machineClass, signal);
      const line = renderProbe(probe, declared);
      if (probe.kind !== "reachable") return { line, observed: null };
      return { line, observed: observedOf(probe.facts, machineClass) };
    } catch (error) {
      if (error instanceof FleetError) return { line: `could not be asked: ${error.message}`, observed: null };
      throw error;
    }
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
