import * as pulumi from "@pulumi/pulumi";
import { emitFleet } from "../clan/emission/emit-fleet.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError, throwGathered } from "../errors.ts";
import { compareApprovedTree, recordApprovedTree } from "../local-nix/approved-tree.ts";
import { evaluateMachines, type MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import { type StagedTree, stageTree } from "../local-nix/staged-tree.ts";
import type { Report } from "../report.ts";
import type { OwnedMachine } from "./machine-settings.ts";
import { runIdentity } from "./run-identity.ts";
import type { Stack } from "./stack.ts";

/**
 * The systems of the stack's machines as the tree stands now, the emission included: what is written to `nix/` may be
 * older than `modules/`, so the fresh one is laid over the staged copy and the working tree stays untouched.
 * @throws {FleetError} gathered over all machines: with one broken module no host is touched.
 */
export async function evaluateSystems(
  fleet: Fleet,
  stack: Stack,
  machines: readonly OwnedMachine[],
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineEvaluation>> {
  const { evaluation } = fleet;
  const tree = await stageTree(evaluation.root, { overlay: emitFleet(evaluation) }, report, signal);
  await compareWithPreview(tree);
  const targets = machines.map(({ machine, spec }) => ({ machine, class: spec.class }));
  const { systemBuilder, overrideInputs } = stack.config;
  const results = await evaluateMachines(
    targets,
    {
      tree,
      rootScope: [stack.project, stack.name],
      ...(systemBuilder === undefined ? {} : { systemBuilder }),
      ...(overrideInputs === undefined ? {} : { overrideInputs }),
    },
    report,
    signal,
  );
  return fulfilled(results, report);
}

/** What was approved is what is deployed: a tree that changes between the preview and the update of one `up` stops it. */
async function compareWithPreview(tree: StagedTree): Promise<void> {
  const run = await runIdentity();
  if (run === undefined) return;
  if (pulumi.runtime.isDryRun()) await recordApprovedTree(run, tree);
  else await compareApprovedTree(run, tree);
}

/** A broken module that many machines share is one error, at the first of them. */
function fulfilled<T>(results: ReadonlyMap<string, PromiseSettledResult<T>>, report: Report): ReadonlyMap<string, T> {
  const errors = new Map<string, FleetError>();
  const values = new Map<string, T>();
  for (const [machine, result] of results) {
    if (result.status === "fulfilled") values.set(machine, result.value);
    else if (!(result.reason instanceof FleetError)) throw result.reason;
    else {
      const { at, found } = result.reason.facts;
      const cause = `${at}\n${found}`;
      if (!errors.has(cause)) errors.set(cause, result.reason);
      else report({ level: "warning", subject: machine, phase: "evaluate", message: `the same error: ${at}` });
    }
  }
  throwGathered([...errors.values()]);
  return values;
}
