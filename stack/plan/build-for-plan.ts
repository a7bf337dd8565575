import { FleetError } from "../../errors.ts";
import { buildToplevel } from "../../local-nix/build.ts";
import type { MachineEvaluation } from "../../local-nix/machine-evaluation.ts";
import type { Report } from "../../report.ts";
import { buildPlaceOf } from "../delivery.ts";
import type { OwnedMachine } from "../owned-machines.ts";
import type { Stack } from "../stack.ts";

/**
 * Builds what an update would build on this machine, so that a plan can compare it; what is built on its target is left.
 * One after the other: each build is as parallel as Nix makes it.
 * @returns machine → why it does not build; the plans of the others go on.
 */
export async function buildForPlan(
  machines: readonly OwnedMachine[],
  systems: ReadonlyMap<string, MachineEvaluation>,
  stack: Stack,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  for (const { machine } of machines) {
    const system = systems.get(machine);
    if (system === undefined || buildPlaceOf(machine, system, stack) !== "local") continue;
    const { toplevel, drvPath } = system;
    const request = {
      machine,
      drvPath,
      toplevel,
      where: { kind: "local" },
      rootScope: [stack.project, stack.name],
    } as const;
    try {
      await buildToplevel(request, report, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FleetError)) throw error;
      failures.set(machine, error.facts.found);
    }
  }
  return failures;
}
