import { emitFleet } from "../clan/emission/emit-fleet.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { generateFirst, missingVar } from "../clan/vars/missing-in-evaluation.ts";
import { FleetError, throwGathered } from "../errors.ts";
import type { EvaluationSettings, EvaluationTarget } from "../local-nix/evaluation-request.ts";
import {
  type EvaluationOptions,
  evaluateMachines,
  knownEvaluations,
  type MachineEvaluation,
} from "../local-nix/machine-evaluation.ts";
import { type StagedTree, stageTree } from "../local-nix/staged-tree.ts";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/**
 * The systems of the stack's machines as the tree stands now, the emission included: what is written to `nix/` may be
 * older than `modules/`, so the fresh one is laid over the staged copy and the working tree stays untouched.
 * @param approve - asked before anything is evaluated; throws where this tree is not the one that was approved.
 * @throws {FleetError} gathered over all machines: with one broken module no host is touched.
 */
export async function evaluateSystems(
  fleet: Fleet,
  stack: Stack,
  machines: readonly OwnedMachine[],
  { report, approve }: { report: Report; approve?: (tree: StagedTree) => Promise<void> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineEvaluation>> {
  const source = await sourceOf(fleet, report, signal);
  await approve?.(source.tree);
  const results = await traced({ kind: "phase", what: "evaluate" }, () =>
    evaluateMachines(targetsOf(machines), settingsFor(stack, source), report, signal),
  );
  return fulfilled(results, Object.keys(fleet.model.machines), report);
}

/** As `evaluateSystems`, but only what an earlier evaluation of the same tree left behind: for who must not wait. */
export async function knownSystems(
  fleet: Fleet,
  stack: Stack,
  machines: readonly OwnedMachine[],
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineEvaluation>> {
  const source = await sourceOf(fleet, report, signal);
  return knownEvaluations(targetsOf(machines), settingsFor(stack, source), signal);
}

export type Source = Omit<EvaluationSettings, "tree"> & { readonly tree: StagedTree };

/** An adopted flake lies in the store since it was read; of an authored fleet the tree is staged as it is now. */
export async function sourceOf(fleet: Fleet, report: Report, signal: AbortSignal): Promise<Source> {
  if (fleet.kind === "adopted") return fleet.flake.settings;
  const { evaluation } = fleet;
  const stage = () => stageTree(evaluation.root, { overlay: emitFleet(evaluation) }, report, signal);
  return { tree: await traced({ kind: "phase", what: "stage" }, stage) };
}

function targetsOf(machines: readonly OwnedMachine[]): EvaluationTarget[] {
  return machines.map(({ machine, spec }) => ({ machine, class: spec.class }));
}

/** How machines of a stack are evaluated. */
export function settingsFor({ project, name, config }: Stack, source: Source): EvaluationOptions {
  const { systemBuilder, overrideInputs } = config;
  return {
    ...(overrideInputs === undefined ? {} : { overrideInputs }),
    ...source,
    rootScope: [project, name],
    ...(systemBuilder === undefined ? {} : { systemBuilder }),
  };
}

/**
 * A broken module that many machines share is one error, at the first of them.
 * @param known - machines of the fleet
 */
function fulfilled<T>(
  results: ReadonlyMap<string, PromiseSettledResult<T>>,
  known: readonly string[],
  report: Report,
): ReadonlyMap<string, T> {
  const errors = new Map<string, FleetError>();
  const values = new Map<string, T>();
  for (const [machine, result] of results) {
    if (result.status === "fulfilled") values.set(machine, result.value);
    else if (!(result.reason instanceof FleetError)) throw result.reason;
    else {
      const { at, found } = result.reason.facts;
      const cause = `${at}\n${found}`;
      if (!errors.has(cause)) errors.set(cause, explained(machine, result.reason, known));
      else report({ level: "warning", subject: machine, phase: "evaluate", message: `the same error: ${at}` });
    }
  }
  throwGathered([...errors.values()]);
  return values;
}

/** Nix says where it stopped: that something is to be generated first, the reader of a preview should not have to conclude. */
function explained(machine: string, error: FleetError, known: readonly string[]): FleetError {
  const missing = missingVar(error.facts.found, machine, known);
  return missing === undefined ? error : generateFirst(missing, machine, error.facts);
}
