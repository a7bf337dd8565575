import { constants } from "node:fs";
import { copyFile, mkdir, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SourceTreeError } from "./errors.ts";
import { batches, type TreeEntry } from "./tree-snapshot.ts";

/** Files that take the place of those of the working tree: path relative to the root → text. */
export type Overlay = ReadonlyMap<string, string>;

/**
 * Copies the entries below `root` to the new folder `target` and writes the overlay over them. Blocks are shared where
 * the file system can; symbolic links and executable bits stay.
 * @throws {SourceTreeError} a file that may not be read.
 */
export async function copyTree(
  root: string,
  entries: readonly TreeEntry[],
  overlay: Overlay,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(target, { recursive: true });
  const replaced = new Set([...overlay.keys()].flatMap(withParents));
  // A link at the place of an overlay's folder would lead our writing out of the copy.
  const kept = entries.filter(({ path }) => !replaced.has(path));
  const folders = new Set([...kept.map(({ path }) => dirname(path)), ...[...overlay.keys()].map(dirname)]);
  for (const folder of folders) await mkdir(join(target, folder), { recursive: true });
  for (const batch of batches(kept, 32)) {
    signal.throwIfAborted();
    await Promise.all(batch.map((entry) => copyEntry(join(root, entry.path), join(target, entry.path), entry.kind)));
  }
  for (const [path, text] of overlay) await writeFile(join(target, path), text, { flag: "wx" });
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function withParents(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

async function copyEntry(from: string, to: string, kind: TreeEntry["kind"]): Promise<void> {
  try {
    if (kind === "link") await symlink(await readlink(from), to);
    else await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return; // deleted since it was listed: the snapshot after the copy notices
    if (code !== "EACCES" && code !== "EPERM") throw error;
    throw new SourceTreeError(
      {
        summary: `${from}: not readable`,
        expected: "a file that whoever evaluates the fleet may read",
        found: code,
        at: from,
        fix: `chmod u+r ${from}, or let git ignore it`,
      },
      { cause: error },
    );
  }
}
