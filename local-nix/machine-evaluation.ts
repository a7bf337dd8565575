import { readlink } from "node:fs/promises";
import { z } from "zod";
import type { FleetError } from "../errors.ts";
import type { Report } from "../report.ts";
import { defaultCacheDir } from "./cache-folder.ts";
import { NixEvaluationError } from "./errors.ts";
import { type Evaluated, EvaluationCache, evaluatedSchema, validPaths } from "./evaluation-cache.ts";
import {
  type EvaluationSettings,
  type EvaluationTarget,
  evaluationArgs,
  toplevelAttribute,
} from "./evaluation-request.ts";
import { gcRoot, type RootScope } from "./gc-root.ts";
import { checkLock, lockFailure } from "./lock-check.ts";
import { nixVersion, renderCommand, runNix } from "./nix-command.ts";
import { NixError } from "./nix-error.ts";
import { inTree, placeInTree, renderPlace } from "./tree-position.ts";
import { defaultWorkers, inParallel } from "./workers.ts";

export interface MachineEvaluation extends Evaluated {
  /** Whether nothing was evaluated for it. */
  readonly cached: boolean;
}

export interface EvaluationOptions extends EvaluationSettings {
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
  /** Default: none, as for an evaluation by hand. */
  readonly rootScope?: RootScope;
  /** How many machines at a time. Default: as memory (1 GB each) and processors allow. */
  readonly workers?: number;
  /** For each machine. Default: 20 minutes. */
  readonly deadlineSeconds?: number;
}

/**
 * Evaluates the toplevel of each machine and writes its derivation to the local store. A machine that fails does not
 * keep the others from an answer.
 * @throws {NixMissingError} @throws {NixTooOldError} @throws {FlakeLockError} what concerns all machines alike; and the
 * reason of `signal`.
 */
export async function evaluateMachines(
  targets: readonly EvaluationTarget[],
  options: EvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PromiseSettledResult<MachineEvaluation>>> {
  const cache = new EvaluationCache(options.cacheDir ?? defaultCacheDir(), await nixVersion(signal));
  const known = await stillValid(targets, options, cache, signal);
  const missing = targets.filter(({ machine }) => !known.has(machine));
  for (const target of targets) {
    const value = known.get(target.machine);
    if (value !== undefined) await keepDerivation(target, options, value, signal); // another scope's root may be the only one
  }
  if (missing.length > 0) await checkLock(options, signal);
  const results = new Map<string, PromiseSettledResult<MachineEvaluation>>();
  let done = targets.length - missing.length;
  const evaluate = async (target: EvaluationTarget): Promise<void> => {
    const [result] = await Promise.allSettled([evaluateOne(target, options, cache, report, signal)]);
    results.set(target.machine, result);
    const progress = { done: ++done, total: targets.length, unit: "machines" } as const;
    const message = result.status === "fulfilled" ? "evaluated" : "does not evaluate";
    report({ level: "info", subject: target.machine, phase: "evaluate", message, progress });
  };
  await inParallel(missing, options.workers ?? defaultWorkers(), evaluate);
  signal.throwIfAborted();
  if (missing.length > 0) await cache.collect();
  return inOrder(targets, known, results);
}

/** What is known of the targets from earlier evaluations of the same tree; nothing is evaluated. */
export async function knownEvaluations(
  targets: readonly EvaluationTarget[],
  options: EvaluationOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineEvaluation>> {
  const cache = new EvaluationCache(options.cacheDir ?? defaultCacheDir(), await nixVersion(signal));
  return stillValid(targets, options, cache, signal);
}

function inOrder(
  targets: readonly EvaluationTarget[],
  known: ReadonlyMap<string, MachineEvaluation>,
  results: ReadonlyMap<string, PromiseSettledResult<MachineEvaluation>>,
): ReadonlyMap<string, PromiseSettledResult<MachineEvaluation>> {
  const ordered = new Map<string, PromiseSettledResult<MachineEvaluation>>();
  for (const { machine } of targets) {
    const value = known.get(machine);
    const result = value === undefined ? results.get(machine) : ({ status: "fulfilled", value } as const);
    if (result !== undefined) ordered.set(machine, result);
  }
  return ordered;
}

async function stillValid(
  targets: readonly EvaluationTarget[],
  options: EvaluationOptions,
  cache: EvaluationCache,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineEvaluation>> {
  const found = await Promise.all(
    targets.map(async (target) => [target.machine, await cache.read(target, options)] as const),
  );
  const entries = found.flatMap(([machine, value]) => (value === undefined ? [] : [[machine, value] as const]));
  const valid = await validPaths([...new Set(entries.map(([, { drvPath }]) => drvPath))], signal);
  return new Map(
    entries
      .filter(([, { drvPath }]) => valid.has(drvPath))
      .map(([machine, value]) => [machine, { ...value, cached: true }]),
  );
}

// Whether the network is there is no remark on a machine: whoever needs it fails and says so. A lock file that is not
// written is what an overridden input leads to, and meant.
const notOfMachines = /you don't have Internet access|^not writing modified lock file/;

const answerSchema = z
  .object({ drv: z.string(), out: z.string(), system: z.string() })
  .transform(({ drv, out, system }) => ({ drvPath: drv, toplevel: out, system }))
  .pipe(evaluatedSchema);

async function evaluateOne(
  target: EvaluationTarget,
  options: EvaluationOptions,
  cache: EvaluationCache,
  report: Report,
  signal: AbortSignal,
): Promise<MachineEvaluation> {
  const { machine } = target;
  const args = evaluationArgs(target, options);
  const onLog = (line: string): void => {
    const remark = /^(?:evaluation )?warning: (.*)$|^(trace: .*)$/.exec(line);
    const message = remark?.[1] ?? remark?.[2];
    if (message !== undefined && !notOfMachines.test(message))
      report({ level: "warning", subject: machine, phase: "evaluate", message });
  };
  const deadlineMs = (options.deadlineSeconds ?? 20 * 60) * 1000;
  report({ level: "debug", subject: machine, phase: "evaluate", message: renderCommand(args) });
  try {
    const text = await runNix(args, { signal, deadlineMs, onLog, purpose: `${machine}: evaluate` });
    const value = answerSchema.parse(JSON.parse(text));
    await keepDerivation(target, options, value, signal);
    await cache.write(target, options, value);
    return { ...value, cached: false };
  } catch (error) {
    throw error instanceof NixError ? await evaluationError(target, options, error) : error;
  }
}

/** A root for the derivation, until the machine's next evaluation: it may be built hours after the preview. */
async function keepDerivation(
  { machine }: EvaluationTarget,
  options: EvaluationOptions,
  { drvPath }: Evaluated,
  signal: AbortSignal,
): Promise<void> {
  const root = await gcRoot(`${machine}.drv`, options);
  const kept = await readlink(root).catch(() => undefined); // none yet, or none of Nix': made below
  if (kept === drvPath) return;
  // Without "^out" the derivation itself is what is wanted, and it is there already.
  const args = ["build", "--out-link", root, drvPath];
  await runNix(args, { signal, purpose: `${machine}: keep the derivation` });
}

async function evaluationError(
  target: EvaluationTarget,
  options: EvaluationOptions,
  error: NixError,
): Promise<FleetError> {
  const lock = lockFailure(options.tree, error);
  if (lock !== undefined) return lock;
  const { block } = error.failure;
  const { tree, systemBuilder } = options;
  const wanted = systemBuilder === undefined ? toplevelAttribute(target) : `a toplevel from ${systemBuilder}`;
  const place = await placeInTree(tree, block);
  const trace =
    systemBuilder === undefined
      ? `; for the whole trace: nix eval --show-trace 'path:${tree.path}#${toplevelAttribute(target)}.drvPath'`
      : "";
  return new NixEvaluationError(
    {
      summary: `${target.machine}: its configuration does not evaluate`,
      expected: wanted,
      found: inTree(tree, block.message),
      at: place === undefined ? wanted : renderPlace(place),
      fix: `correct ${place?.source ?? place?.nixFile ?? "what the message names"}${trace}`,
    },
    error.failure,
    { cause: error },
  );
}
