import { type DeclaredRun, renderDeclared, renderRun, runs } from "../deploy/boot/specialisation.ts";
import { renderSwitch } from "../deploy/observation/drift.ts";
import { renderWay } from "../deploy/observation/look.ts";
import { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import { observedOf } from "../providers/host-observation.ts";
import type { Observed } from "../providers/system-closure-schema.ts";
import type { HostConnection } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import { type MachineLook, observeMachine } from "../stack/observe-machine.ts";
import type { Stack } from "../stack/stack.ts";

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
  declared: DeclaredRun,
) => Promise<HostProbe>;

/** A preview asks without waiting: a laptop that sleeps must not hold it up. */
const lookSeconds = 5;

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
      const way = { ...wayOf(machine, connection, stack), targetHost };
      const question = { class: machineClass, toplevel: declared.toplevel };
      const look = await observeMachine(way, question, lookSeconds, signal, password);
      const line = renderLook(look, declared);
      return { line, observed: look.kind === "seen" ? observedOf(look.seen.facts, machineClass) : null };
    } catch (error) {
      if (error instanceof FleetError) return { line: `could not be asked: ${error.message}`, observed: null };
      throw error;
    }
  };
}

/** One line for the machine's component. */
export function renderLook(look: MachineLook, declared: DeclaredRun): string {
  if (look.kind === "unreachable") return `unreachable: ${look.reason}`;
  if (look.kind !== "seen") return `not reachable: ${look.error.message}`;
  const { facts, lastSwitch } = look.seen;
  const reached = `reachable${renderWay(look.way)}`;
  const wanted = renderDeclared(declared);
  if (runs(facts, declared)) {
    const isCommitted = facts.profile === declared.toplevel;
    return `${reached}, runs ${wanted}, ${isCommitted ? `generation ${facts.generation}` : "not committed: a reboot would undo it"}`;
  }
  // Our own deployments are no news here; whoever else deploys to it is.
  const other = lastSwitch === undefined || lastSwitch.tool === "pulumi-clan" ? "" : ` (${renderSwitch(lastSwitch)})`;
  return `${reached}, ${renderRun(facts) ?? "no system"}${other} → ${wanted}`;
}
