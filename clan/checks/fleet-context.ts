import type { Suppression } from "../../composition/fleet-checks.ts";
import type { Fleet } from "../read-fleet.ts";
import { authoredContext } from "./authored-context.ts";
import type { CheckContext } from "./context.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { readSuppressions } from "./suppressions.ts";

/** A fleet as the rules see it, and what it allows. @throws {SuppressionFileError} */
export async function fleetContext(
  fleet: Fleet,
  configurations: ReadonlyMap<string, MachineFacts>,
  signal: AbortSignal,
): Promise<{ readonly context: CheckContext; readonly suppressions: readonly Suppression[] }> {
  if (fleet.kind === "authored") {
    const suppressions = fleet.evaluation.definition.checks?.allowed ?? [];
    return { context: await authoredContext(fleet, configurations, signal), suppressions };
  }
  // What reads other people's flakes is a sixth of all our files.
  const { adoptedContext, adoptedRoot } = await import("./adopted-context.ts");
  const suppressions = await readSuppressions(adoptedRoot(fleet.flake.settings.tree));
  return { context: await adoptedContext(fleet, configurations, signal), suppressions };
}
