import type { Provenance } from "../../clan/plan/provenance.ts";
import { readProvenances } from "../../clan/plan/read-provenance.ts";
import type { Fleet } from "../../clan/read-fleet.ts";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import type { OwnedMachine } from "../owned-machines.ts";
import type { Stack } from "../stack.ts";

/**
 * What a stack's machines are made of. Where that cannot be told it is reported, and there is none: that reasons are not
 * known must not keep a fleet from its plan.
 */
export async function tryProvenances(
  fleet: Fleet,
  { config }: Stack,
  owned: readonly OwnedMachine[],
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Provenance>> {
  try {
    const machines = owned.map(({ machine }) => machine);
    return await readProvenances(fleet, machines, config.overrideInputs ?? {}, report, signal);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    report({ level: "warning", phase: "plan", message: `why machines change cannot be told: ${error.facts.found}` });
    return new Map();
  }
}
