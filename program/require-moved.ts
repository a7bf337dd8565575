import { readStackFiles } from "../clan/checks/disk/stack-files.ts";
import type { FleetModel } from "../clan/fleet-model.ts";
import { throwGathered } from "../errors.ts";
import type { Report } from "../report.ts";
import { movedAway } from "../stack/moved-away.ts";
import type { Stack } from "../stack/stack.ts";
import { deployedMachines, type EngineState } from "./engine-state.ts";

/**
 * Stops an update that would delete what was meant to be moved to another stack.
 * @throws {MoveError} gathered
 */
export async function requireMoved(
  root: string,
  { machines }: FleetModel,
  selected: readonly string[],
  stack: Stack,
  state: EngineState,
  report: Report,
): Promise<void> {
  const files = await readStackFiles(root);
  if (files.length < 2) return;
  const deployed = deployedMachines(state, report);
  // A guard that cannot look must not keep a fleet from its update.
  throwGathered(movedAway(deployed ?? [], selected, machines, stack, files));
}
