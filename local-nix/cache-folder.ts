import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { z } from "zod";

/**
 * `$PULUMI_CLAN_CACHE`, else `$XDG_CACHE_HOME/pulumi-clan`, else `~/.cache/pulumi-clan`. This room keeps `trees/`,
 * `evaluations/` and `gc-roots/` below it. Source: XDG Base Directory Specification 0.8.
 */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["PULUMI_CLAN_CACHE"];
  return own || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pulumi-clan");
}

/** Absent, unreadable, not JSON, or not of the schema's shape: undefined. A cache that does not answer is asked again. */
export async function readCachedJson<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T> | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined; // any failure means "not cached"
  }
}

/** Written beside its place and renamed: a reader sees the old text or the new, never half of it. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${randomBytes(6).toString("hex")}.new`;
  try {
    await writeFile(beside, text);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** @returns how many entries of `folder` older than `ageMs` were removed; what another run removes meanwhile is no error. */
export async function removeOlder(folder: string, ageMs: number): Promise<number> {
  const oldest = Date.now() - ageMs;
  let removed = 0;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const changedMs = await lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (changedMs === undefined || changedMs >= oldest) continue;
    await rm(path, { recursive: true, force: true });
    removed++;
  }
  return removed;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
