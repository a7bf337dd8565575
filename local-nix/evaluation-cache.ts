import { createHash } from "node:crypto";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readCachedJson, removeOlder, writeAtomically } from "./cache-folder.ts";
import { type EvaluationSettings, type EvaluationTarget, evaluationArgs, isPure } from "./evaluation-request.ts";
import { runNix } from "./nix-command.ts";
import { isStorePath, storePathSchema } from "./store-path.ts";

/** What the evaluation of one machine gave. */
export const evaluatedSchema = z.object({
  drvPath: z
    .string()
    .refine((text) => isStorePath(text) && text.endsWith(".drv"), "expected a derivation's store path"),
  toplevel: storePathSchema,
  system: z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/),
});
export type Evaluated = z.output<typeof evaluatedSchema>;

const entrySchema = z.object({ schema: z.literal(1), key: z.string(), value: evaluatedSchema });

/** Answers of earlier evaluations, one JSON file each; the name and the text both carry the whole question. */
export class EvaluationCache {
  readonly #folder: string;
  readonly #nixVersion: string;

  constructor(cacheDir: string, nixVersion: string) {
    this.#folder = join(cacheDir, "evaluations");
    this.#nixVersion = nixVersion;
  }

  /** Undefined when there is none or it cannot be trusted. Whether its derivation still exists is the caller's question. */
  async read(target: EvaluationTarget, settings: EvaluationSettings): Promise<Evaluated | undefined> {
    if (!isPure(settings)) return undefined;
    const { file, key } = this.#place(target, settings);
    const entry = await readCachedJson(file, entrySchema);
    if (entry === undefined || entry.key !== key) return undefined;
    await utimes(file, new Date(), new Date()).catch(() => undefined); // only keeps it from being collected
    return entry.value;
  }

  async write(target: EvaluationTarget, settings: EvaluationSettings, value: Evaluated): Promise<void> {
    if (!isPure(settings)) return;
    const { file, key } = this.#place(target, settings);
    await writeAtomically(file, JSON.stringify({ schema: 1, key, value }));
  }

  /** Removes what no run of the last 30 days asked for. */
  async collect(): Promise<void> {
    await removeOlder(this.#folder, 30 * 24 * 3600_000);
  }

  #place(target: EvaluationTarget, settings: EvaluationSettings): { file: string; key: string } {
    // The arguments hold tree, hash, attribute or builder, overrides and options: whatever changes them is another question.
    const question = JSON.stringify([this.#nixVersion, target, evaluationArgs(target, settings)]);
    const key = createHash("sha256").update(question).digest("hex");
    return { file: join(this.#folder, `${key}.json`), key };
  }
}

/** Which of the store paths this machine's store has; one process for all, and no substituter is asked. */
export async function validPaths(paths: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  if (paths.length === 0) return new Set();
  const args = ["path-info", "--json", "--option", "substitute", "false", ...paths];
  const text = await runNix(args, { signal, purpose: "look into the store" });
  const answer = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  // Nix gives null for a path that the store does not have.
  return new Set(paths.filter((path) => answer[path] !== null && answer[path] !== undefined));
}
