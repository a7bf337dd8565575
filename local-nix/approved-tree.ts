import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { defaultCacheDir, readCachedJson, removeOlder, writeAtomically } from "./cache-folder.ts";
import { TreeChangedError } from "./errors.ts";
import type { StagedTree } from "./staged-tree.ts";
import { storePathSchema } from "./store-path.ts";

const recordSchema = z.object({
  schema: z.literal(1),
  run: z.string(),
  narHash: z.string(),
  storePath: storePathSchema,
});

/**
 * Remembers the tree that a preview showed.
 * @param run - names one `up`: the same in its preview and its update, and in no other run.
 */
export async function recordApprovedTree(run: string, tree: StagedTree, cacheDir = defaultCacheDir()): Promise<void> {
  const { narHash, storePath } = tree;
  await writeAtomically(recordFile(cacheDir, run), JSON.stringify({ schema: 1, run, narHash, storePath }));
  await removeOlder(join(cacheDir, "approved"), 24 * 3600_000);
}

/**
 * Compares the tree of an update with the one that the preview of the same run showed. Without such a preview
 * (`up --skip-preview`) there is nothing to compare.
 * @throws {TreeChangedError} naming the files that differ.
 */
export async function compareApprovedTree(run: string, tree: StagedTree, cacheDir = defaultCacheDir()): Promise<void> {
  const approved = await readCachedJson(recordFile(cacheDir, run), recordSchema);
  if (approved === undefined || approved.run !== run || approved.narHash === tree.narHash) return;
  const changed = await changedFiles(approved.storePath, tree.storePath);
  const more = changed.length > 10 ? ` and ${changed.length - 10} more` : "";
  throw new TreeChangedError({
    summary: `${tree.root}: the source tree changed since you approved`,
    expected: approved.narHash,
    found: `${tree.narHash}; different: ${changed.slice(0, 10).join(", ") || "unknown"}${more}`,
    at: tree.root,
    fix: "look at the change and run `pulumi up` again",
  });
}

function recordFile(cacheDir: string, run: string): string {
  return join(cacheDir, "approved", `${createHash("sha256").update(run).digest("hex").slice(0, 32)}.json`);
}

/** Paths below either folder whose contents, kind or executable bit differ; sorted. */
export async function changedFiles(before: string, after: string): Promise<string[]> {
  const [old, now] = await Promise.all([fingerprints(before), fingerprints(after)]);
  return [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path)).sort();
}

async function fingerprints(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const names = await readdir(folder, { recursive: true }).catch(() => []); // collected meanwhile: nothing to compare
  for (const path of names) {
    const file = join(folder, path);
    const stat = await lstat(file);
    if (stat.isSymbolicLink()) found.set(path, `link ${await readlink(file)}`);
    else if (stat.isFile())
      found.set(
        path,
        `${stat.mode & 0o100} ${createHash("sha256")
          .update(await readFile(file))
          .digest("hex")}`,
      );
  }
  return found;
}
