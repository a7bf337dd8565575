import type { EvaluationSettings } from "../../local-nix/evaluation-request.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import type { Report } from "../../report.ts";
import { emitFleet } from "../emission/emit-fleet.ts";
import type { MachineClass } from "../fleet-model.ts";
import type { Fleet } from "../read-fleet.ts";
import { adoptedRoot } from "./adopted-context.ts";
import { readPackageNames } from "./disk/clan-folders.ts";
import { type FactsReading, readMachineFacts } from "./read-machine-facts.ts";

/** Looks into the configurations of all machines of a fleet. @throws {SourceTreeError} @throws {NixError} staging fails. */
export async function readConfigurations(fleet: Fleet, report: Report, signal: AbortSignal): Promise<FactsReading> {
  const settings =
    fleet.kind === "adopted"
      ? fleet.flake.settings
      : { tree: await stageTree(fleet.evaluation.root, { overlay: emitFleet(fleet.evaluation) }, report, signal) };
  return readFactsOf(fleet, Object.keys(fleet.model.machines), settings, report, signal);
}

/** Looks into the configurations of some machines, in a source that is there already. */
export async function readFactsOf(
  fleet: Fleet,
  names: readonly string[],
  settings: EvaluationSettings,
  report: Report,
  signal: AbortSignal,
): Promise<FactsReading> {
  const root = fleet.kind === "adopted" ? adoptedRoot(fleet.flake.settings.tree) : fleet.evaluation.root;
  const machines = new Map<string, MachineClass>();
  for (const [name, { class: machineClass, problem }] of Object.entries(fleet.model.machines)) {
    // A machine that does not evaluate was told of with its error already.
    if (names.includes(name) && problem === undefined) machines.set(name, machineClass);
  }
  return readMachineFacts(machines, await readPackageNames(root), settings, report, signal);
}
