import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defaultCacheDir, readCachedJson, writeAtomically } from "./cache-folder.ts";
import { configurationArgs, type EvaluationSettings, type EvaluationTarget, isPure } from "./evaluation-request.ts";
import { nixVersion, runNix } from "./nix-command.ts";

/** What is asked of a machine's configuration beside its toplevel. */
export interface ConfigurationQuestion<T extends { readonly drvPath: string }> {
  /** A Nix function from the configuration to data; `drvPath` among it. */
  readonly apply: string;
  readonly schema: z.ZodType<T>;
  /** For messages: `read its disks`. */
  readonly purpose: string;
}

const entrySchema = z.object({ key: z.string(), value: z.unknown() });

/** The same tree is answered from the cache, while the derivation is there. @throws {NixError} */
export async function askConfiguration<T extends { readonly drvPath: string }>(
  target: EvaluationTarget,
  settings: EvaluationSettings & { readonly cacheDir?: string },
  { apply, schema, purpose }: ConfigurationQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const args = configurationArgs(target, settings, apply);
  const key = createHash("sha256")
    .update(JSON.stringify([await nixVersion(signal), args]))
    .digest("hex");
  const file = join(settings.cacheDir ?? defaultCacheDir(), "evaluations", `${key}.json`);
  const known = isPure(settings) ? await readCachedJson(file, entrySchema) : undefined;
  const answered = known?.key === key ? schema.safeParse(known.value).data : undefined;
  if (answered !== undefined && existsSync(answered.drvPath)) return answered;
  const text = await runNix(args, { signal, deadlineMs: 20 * 60_000, purpose: `${target.machine}: ${purpose}` });
  const value = schema.parse(JSON.parse(text));
  if (isPure(settings)) await writeAtomically(file, JSON.stringify({ key, value }));
  return value;
}
