import type { FleetModel, MachineModel } from "../clan/fleet-model.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { selectMachines } from "../clan/select-machines.ts";
import { FleetError } from "../errors.ts";
import { type EvaluationOptions, evaluateMachines, type MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { Report } from "../report.ts";
import { settingsFor, sourceOf } from "./evaluate-systems.ts";
import { planMachines } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** A system as it was evaluated, why it was not, or undefined where the machine is not there. */
export type EvaluatedSide = Pick<MachineEvaluation, "drvPath" | "toplevel"> | FleetError | undefined;

/** One machine in two states of its fleet. */
export interface SystemChange {
  /** `unknown`: it does not evaluate in one of them. */
  readonly change: "same" | "changed" | "new" | "gone" | "unknown";
  readonly before: EvaluatedSide;
  readonly after: EvaluatedSide;
}

/**
 * Evaluates machines in two states of a fleet, one state after the other, and compares what they are. Two systems are the
 * same where a preview shows no difference: by their store paths.
 * @param wanted - machines to compare. @throws {FleetError} what concerns a whole state.
 */
export async function compareSystems(
  { before, after }: { readonly before: Fleet; readonly after: Fleet },
  wanted: readonly string[],
  stack: Stack | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SystemChange>> {
  const left = await evaluateSide(before, wanted, stack, report, signal);
  const right = await evaluateSide(after, wanted, stack, report, signal);
  return new Map(
    wanted.map((machine) => {
      const sides = { before: left.get(machine), after: right.get(machine) };
      return [machine, { change: changeOf(sides.before, sides.after), ...sides }] as const;
    }),
  );
}

/** Machines of the stack in either state, in order; without a stack all. */
export function machinesOfEither(before: FleetModel, after: FleetModel, stack: Stack | undefined): string[] {
  const both: Readonly<Record<string, MachineModel>> = { ...before.machines, ...after.machines };
  const names = stack === undefined ? Object.keys(both) : selectMachines(both, stack.config.machines, stack.file);
  if (stack === undefined) return names.sort();
  const owned = new Set(planMachines(after, names, stack).map(({ machine }) => machine));
  return names.filter((name) => owned.has(name) || !Object.hasOwn(after.machines, name)).sort();
}

async function evaluateSide(
  fleet: Fleet,
  wanted: readonly string[],
  stack: Stack | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, EvaluatedSide>> {
  const targets = Object.entries(fleet.model.machines).flatMap(([machine, { class: ofClass }]) =>
    wanted.includes(machine) ? [{ machine, class: ofClass }] : [],
  );
  const source = await sourceOf(fleet, report, signal);
  // A comparison is nothing that the stack's roots should keep, or lose, anything for.
  const evaluation: EvaluationOptions = stack === undefined ? source : settingsFor(stack, source);
  const { rootScope: _scope, ...settings } = evaluation;
  const results = await evaluateMachines(targets, settings, report, signal);
  return new Map([...results].map(([machine, result]) => [machine, sideOf(result)] as const));
}

function sideOf(result: PromiseSettledResult<MachineEvaluation>): EvaluatedSide {
  if (result.status === "fulfilled") return result.value;
  if (result.reason instanceof FleetError) return result.reason;
  throw result.reason;
}

function changeOf(before: EvaluatedSide, after: EvaluatedSide): SystemChange["change"] {
  if (before instanceof FleetError || after instanceof FleetError) return "unknown";
  if (before === undefined) return "new";
  if (after === undefined) return "gone";
  return before.toplevel === after.toplevel ? "same" : "changed";
}
