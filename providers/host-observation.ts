import { isUnchanged } from "../deploy/activation/plan-activation.ts";
import type { HostFacts, MachineClass } from "../deploy/host-facts.ts";
import type { Observed } from "./system-closure-schema.ts";

/** What a probe keeps of a host's facts, and what `diff` compares. */
export function observedOf(facts: HostFacts, machineClass: MachineClass): Observed {
  const { current: running, specialisations, profile } = facts;
  return { running, specialisations, profile, settled: isSettled(facts, machineClass) };
}

/** The running system and the profile alone prove nothing: both are set before the last unit and the boot entry are. */
export function isSettled(facts: HostFacts, machineClass: MachineClass): boolean {
  const { current, specialisations } = facts;
  const parents = specialisations.map(({ of, name }) => ({ toplevel: of, specialisation: name }));
  const candidates = current === null ? [] : [{ toplevel: current, specialisation: null }, ...parents];
  return candidates.some((run) => isUnchanged(facts, { ...run, class: machineClass }));
}
