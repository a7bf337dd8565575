import type { FleetModel } from "../clan/fleet-model.ts";
import { throwGathered } from "../errors.ts";
import type { Report } from "../report.ts";
import type { Stack } from "../stack/stack.ts";
import { unconfirmedNodes } from "../stack/unconfirmed-nodes.ts";
import { deployedMachines } from "./engine-state.ts";

/**
 * Stops a preview or update that would delete a node's disk which nobody confirmed; nothing is registered then.
 * @throws {StackConfigError} gathered
 */
export async function requireConfirmed(
  model: FleetModel,
  selected: readonly string[],
  stack: Stack,
  report: Report,
): Promise<void> {
  // The state is asked only where something could be lost.
  if (unconfirmedNodes(model, selected, stack, undefined).length === 0) return;
  throwGathered(unconfirmedNodes(model, selected, stack, await deployedMachines(report)));
}
