import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type EmittedFiles, isGenerated } from "../../composition/emission/generated-file.ts";
import { compareText } from "../../composition/nearest.ts";
import { throwGathered } from "../../errors.ts";
import { EmissionConflictError } from "./errors.ts";

/** What became of the files, by path relative to the root. */
export interface WrittenEmission {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
}

/** A file on disk that differs from the emission. */
export interface StaleFile {
  readonly path: string;
  /** `superfluous`: an earlier emission wrote it, and nothing is emitted there any more. */
  readonly reason: "missing" | "stale" | "superfluous";
}

/**
 * Compares the files on disk with the emission; touches nothing.
 * @throws {EmissionConflictError} a file stands in the way that no emission wrote.
 */
export async function checkEmission(root: string, files: EmittedFiles): Promise<readonly StaleFile[]> {
  const conflicts: EmissionConflictError[] = [];
  const found: StaleFile[] = [];
  for (const [path, text] of files) {
    const present = await readIfPresent(join(root, path));
    if (present === undefined) found.push({ path, reason: "missing" });
    else if (!isGenerated(present)) conflicts.push(conflict(path));
    else if (present !== text) found.push({ path, reason: "stale" });
  }
  throwGathered(conflicts);
  for (const path of await generatedBelow(root, "nix")) {
    if (!files.has(path)) found.push({ path, reason: "superfluous" });
  }
  return found.sort((a, b) => compareText(a.path, b.path));
}

/**
 * Brings the files on disk to the emission: changed ones are replaced whole, ours that are no longer emitted go, others
 * stay. A file that somebody else wrote is never touched.
 * @throws {EmissionConflictError} before anything is written.
 */
export async function writeEmission(root: string, files: EmittedFiles): Promise<WrittenEmission> {
  const stale = await checkEmission(root, files);
  const written: string[] = [];
  const removed: string[] = [];
  for (const { path, reason } of stale) {
    if (reason === "superfluous") {
      await rm(join(root, path), { force: true });
      removed.push(path);
    } else {
      await replaceFile(join(root, path), files.get(path) ?? "");
      written.push(path);
    }
  }
  for (const path of removed) await removeEmptyFolders(root, dirname(path));
  const changed = new Set(written);
  return { written, removed, unchanged: [...files.keys()].filter((path) => !changed.has(path)).sort(compareText) };
}

/** A reader sees the old text or the new one, never a part. */
async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function generatedBelow(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true }).catch(absentAs([]));
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(".nix")) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readIfPresent(path);
    if (text !== undefined && isGenerated(text)) found.push(path.slice(root.length + 1));
  }
  return found;
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let path = folder; path !== "." && path !== "nix"; path = dirname(path)) {
    const left = await readdir(join(root, path)).catch(absentAs(["(gone)"]));
    if (left.length > 0) return;
    await rmdir(join(root, path));
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(absentAs(undefined));
}

/** Handles the one failure that is an answer. */
function absentAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return value;
    throw error;
  };
}

function conflict(path: string): EmissionConflictError {
  return new EmissionConflictError({
    summary: `${path}: a file that no emission wrote stands where one belongs`,
    expected: "nothing, or a file that begins with the emission's header",
    found: "a file without it",
    at: path,
    fix: `move it away: a .nix flake module belongs below modules/, inputs belong into fleet.ts`,
  });
}
