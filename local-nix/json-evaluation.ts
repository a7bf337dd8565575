import { createHash } from "node:crypto";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Report } from "../report.ts";
import { defaultCacheDir, readCachedJson, writeAtomically } from "./cache-folder.ts";
import { NixEvaluationError } from "./errors.ts";
import { type EvaluationSettings, flakeAttribute, isPure, optionArgs } from "./evaluation-request.ts";
import { networkFailure } from "./lock.ts";
import { lockFailure } from "./lock-check.ts";
import { nixVersion, renderCommand, runNix } from "./nix-command.ts";
import { NixError } from "./nix-error.ts";
import { inTree, placeInTree, renderPlace } from "./tree-position.ts";

/** What is asked of a flake. */
export interface FlakeQuestion {
  /** From the outputs' top, e.g. `nixosConfigurations."galena"`; empty: the outputs themselves. */
  readonly attribute: string;
  /** A Nix function from the attribute to data. */
  readonly apply: string;
  /** Machine that it concerns. Absent: the flake. */
  readonly machine?: string;
  /** What is read, for messages, e.g. `the inventory`. */
  readonly what: string;
}

export interface JsonEvaluationOptions extends EvaluationSettings {
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
  /** Default: 20 minutes. */
  readonly deadlineSeconds?: number;
}

const entrySchema = z.object({ key: z.string(), value: z.unknown() });

/**
 * Asks a flake for data. The same question about the same tree is answered from the cache.
 * @throws {NixEvaluationError} with Nix's last error block and file. @throws {FlakeLockError}
 */
export async function evaluateJson<T extends z.ZodType>(
  question: FlakeQuestion,
  schema: T,
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<z.output<T>> {
  const { attribute, apply, machine } = question;
  const args = [
    ...["eval", "--json", "--show-trace"],
    ...flakeAttribute(attribute, options),
    ...["--apply", apply],
    ...optionArgs(options),
  ];
  const key = createHash("sha256")
    .update(JSON.stringify([await nixVersion(signal), args]))
    .digest("hex");
  const file = join(options.cacheDir ?? defaultCacheDir(), "evaluations", `${key}.json`);
  const cached = isPure(options) ? await readCachedJson(file, entrySchema) : undefined;
  const known = cached?.key === key ? schema.safeParse(cached.value) : undefined;
  if (known?.success === true) {
    await utimes(file, new Date(), new Date()).catch(() => undefined); // only keeps it from being collected
    return known.data;
  }
  const subject = machine === undefined ? {} : { subject: machine };
  report({ level: "debug", ...subject, phase: "evaluate", message: renderCommand(args) });
  try {
    const purpose = `${machine ?? options.tree.root}: read ${question.what}`;
    const text = await runNix(args, { signal, deadlineMs: (options.deadlineSeconds ?? 20 * 60) * 1000, purpose });
    const answer: unknown = JSON.parse(text);
    const value = schema.parse(answer);
    if (isPure(options)) await writeAtomically(file, JSON.stringify({ key, value: answer }));
    return value;
  } catch (error) {
    throw error instanceof NixError ? await evaluationError(question, options, error) : error;
  }
}

async function evaluationError(
  { attribute, machine, what }: FlakeQuestion,
  { tree }: EvaluationSettings,
  error: NixError,
): Promise<Error> {
  const lock = lockFailure(tree, error);
  if (lock !== undefined) return lock;
  const { block } = error.failure;
  const place = await placeInTree(tree, block);
  const wanted = attribute === "" ? "the flake's outputs" : attribute;
  return new NixEvaluationError(
    {
      summary: `${machine ?? tree.root}: ${what} cannot be read`,
      expected: wanted,
      found: inTree(tree, block.message),
      at: place === undefined ? wanted : renderPlace(place),
      fix: networkFailure.test(block.message)
        ? "make the input's host reachable, or take the input from elsewhere: --override-input <input> <ref>"
        : `correct ${place?.source ?? place?.nixFile ?? "what the message names"}`,
    },
    error.failure,
    { cause: error },
  );
}
