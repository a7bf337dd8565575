import type { EvaluationSettings } from "../../local-nix/evaluation-request.ts";
import { checkLock } from "../../local-nix/lock-check.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import type { Report } from "../../report.ts";
import { traced } from "../../trace.ts";
import { emitFleet } from "../emission/emit-fleet.ts";
import type { MachineClass } from "../fleet-model.ts";
import type { Fleet } from "../read-fleet.ts";
import { ownPackages } from "./own-packages.ts";
import { type FactsOptions, type FactsReading, readMachineFacts } from "./read-machine-facts.ts";

/**
 * Looks into the configurations of all machines of a fleet.
 * @throws {SourceTreeError} @throws {FlakeLockError} inputs that are not locked: nothing is fetched to find out which.
 */
export async function readConfigurations(fleet: Fleet, report: Report, signal: AbortSignal): Promise<FactsReading> {
  const names = Object.keys(fleet.model.machines);
  if (fleet.kind === "adopted") return readFactsOf(fleet, names, fleet.flake.settings, report, signal);
  const { evaluation } = fleet;
  const settings = { tree: await stageTree(evaluation.root, { overlay: emitFleet(evaluation) }, report, signal) };
  await checkLock(settings, signal);
  return readFactsOf(fleet, names, settings, report, signal);
}

/**
 * Looks into the configurations of some machines, in a source that is there already.
 * @param derivations - machine → derivation of its toplevel, where it was evaluated before.
 */
export async function readFactsOf(
  fleet: Fleet,
  names: readonly string[],
  settings: EvaluationSettings,
  report: Report,
  signal: AbortSignal,
  derivations?: FactsOptions["derivations"],
): Promise<FactsReading> {
  const machines = new Map<string, MachineClass>();
  for (const [name, { class: machineClass, problem }] of Object.entries(fleet.model.machines)) {
    // A machine that does not evaluate was told of with its error already.
    if (names.includes(name) && problem === undefined) machines.set(name, machineClass);
  }
  return traced({ kind: "phase", what: "look into configurations" }, async () =>
    readMachineFacts(machines, await ownPackages(fleet, signal), { ...settings, derivations }, report, signal),
  );
}
