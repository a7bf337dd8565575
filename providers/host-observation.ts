import { isUnchanged } from "../deploy/activation/plan-activation.ts";
import type { HostFacts, MachineClass } from "../deploy/host-facts.ts";
import type { ClosureFacts, Observed } from "./system-closure-schema.ts";

/** What a probe or a refresh keeps of a host's facts, and what `diff` compares. */
export function seenFacts(
  facts: HostFacts,
  machineClass: MachineClass,
): Observed & Pick<ClosureFacts, "generation" | "failedUnits"> {
  const { current, profile, generation, failedUnits } = facts;
  // The running system and the profile alone prove nothing: both are set before the last unit and the boot entry are.
  const settled = current !== null && isUnchanged(facts, { toplevel: current, class: machineClass });
  return { running: current, profile, generation, failedUnits, settled };
}
