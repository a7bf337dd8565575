import type { FleetModel } from "../clan/fleet-model.ts";
import { throwGathered } from "../errors.ts";
import type { Report } from "../report.ts";
import { type KnownNode, knownNodes } from "../stack/known-nodes.ts";
import type { Stack } from "../stack/stack.ts";
import { unconfirmedNodes } from "../stack/unconfirmed-nodes.ts";
import type { EngineState } from "./engine-state.ts";

/**
 * Stops a preview or update that would take away a node's disk and that nobody confirmed; nothing is registered then.
 * @returns machine → its VM, as the state has it; none where the state cannot be told.
 * @throws {StackConfigError} gathered
 */
export function requireConfirmed(
  model: FleetModel,
  selected: readonly string[],
  stack: Stack,
  state: EngineState,
  report: Report,
): ReadonlyMap<string, KnownNode> {
  const known = state.kind === "read" ? knownNodes(state.resources) : undefined;
  const errors = unconfirmedNodes(model, selected, stack, known);
  if (state.kind !== "read" && errors.length > 0)
    report({ level: "warning", phase: "stack", message: `which nodes the state has cannot be told: ${state.why}` });
  throwGathered(errors);
  return known ?? new Map();
}
