import { readFactsOf } from "../clan/checks/configurations.ts";
import type { FactsReading } from "../clan/checks/read-machine-facts.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { Report } from "../report.ts";
import { sourceOf } from "./evaluate-systems.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/**
 * What the checks want to know of the stack's machines. Nothing where systems come from elsewhere than the flake.
 * @param systems - what is evaluated already: of those nothing is evaluated for where their derivation is.
 */
export async function readOwnedFacts(
  fleet: Fleet,
  { config: { systemBuilder, overrideInputs } }: Stack,
  machines: readonly OwnedMachine[],
  systems: ReadonlyMap<string, MachineEvaluation>,
  report: Report,
  signal: AbortSignal,
): Promise<FactsReading> {
  if (systemBuilder !== undefined) return { configurations: new Map(), failures: new Map() };
  const source = await sourceOf(fleet, report, signal);
  const settings = { ...source, ...(overrideInputs === undefined ? {} : { overrideInputs }) };
  return readFactsOf(
    fleet,
    machines.map(({ machine }) => machine),
    settings,
    report,
    signal,
    new Map([...systems].map(([machine, { drvPath }]) => [machine, drvPath])),
  );
}
