import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileChange } from "./draft.ts";
import { AuthoringError } from "./errors.ts";

/**
 * Writes all changes or none: every file is written beside its place first, and only then do they take their places; if one
 * cannot, those that did are put back.
 * @throws {AuthoringError} a file is no longer what the changes were made from. @throws the file system's errors
 */
export async function writeChanges(root: string, changes: readonly FileChange[]): Promise<void> {
  await refuseEdited(root, changes);
  const suffix = `.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  await using undo = new AsyncDisposableStack();
  for (const { path, after } of changes) {
    if (after === null) continue;
    await makeFolders(root, dirname(path), undo);
    const temporary = join(root, path + suffix);
    undo.defer(() => rm(temporary, { force: true }));
    await writeFile(temporary, after, { flag: "wx", mode: await modeOf(join(root, path)) });
  }
  for (const { path, before, after } of changes) {
    const place = join(root, path);
    const mode = await modeOf(place);
    await (after === null ? rm(place) : rename(join(root, path + suffix), place));
    undo.defer(() => (before === null ? rm(place) : writeFile(place, before, { mode })));
  }
  undo.move(); // all are in their places: nothing is to be undone
}

async function refuseEdited(root: string, changes: readonly FileChange[]): Promise<void> {
  for (const { path, before } of changes) {
    if ((await readIfPresent(join(root, path))) === before) continue;
    throw new AuthoringError({
      summary: `${path}: was edited meanwhile`,
      expected: "the text that the change was made from",
      found: "another text",
      at: path,
      fix: "run the command again; nothing was written",
    });
  }
}

async function makeFolders(root: string, folder: string, undo: AsyncDisposableStack): Promise<void> {
  const first = await mkdir(join(root, folder), { recursive: true });
  if (first === undefined) return;
  const made: string[] = [];
  for (let path = join(root, folder); path.length >= first.length; path = dirname(path)) made.unshift(path);
  for (const path of made) undo.defer(() => rmdir(path));
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isAbsent(error)) return 0o666;
    throw error;
  }
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
