import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "../report.ts";
import { SourceTreeError } from "./errors.ts";
import { type ListedFiles, listFiles } from "./listed-files.ts";

export interface TreeEntry {
  /** Relative to the root, with "/". */
  readonly path: string;
  readonly kind: "file" | "link";
  readonly sizeBytes: number;
}

/** Which files belong to the source tree, and a key that changes when one of them may have changed. */
export interface TreeSnapshot {
  readonly entries: readonly TreeEntry[];
  /** Hash over every file's name, mode, size, times and inode. */
  readonly key: string;
  /** The latest status change of any file; unlike the modification time no program can set it. */
  readonly changedAtMs: number;
}

/** Looks at the files without reading them. @throws {SourceTreeError} */
export async function snapshotTree(
  root: string,
  emptyGitDir: string,
  report: Report,
  signal: AbortSignal,
): Promise<TreeSnapshot> {
  const listed = await listFiles(root, emptyGitDir, signal);
  const hash = createHash("sha256");
  const entries: TreeEntry[] = [];
  let changedAtMs = 0;
  for (const batch of batches(listed.paths, 64)) {
    const stats = await Promise.all(batch.map((path) => statIfThere(join(root, path))));
    for (const [index, path] of batch.entries()) {
      const stat = stats[index];
      // Deleted but still in the index: `git commit -a` would not take it either. Sockets and the like git never takes.
      if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) continue;
      entries.push({ path, kind: stat.isFile() ? "file" : "link", sizeBytes: Number(stat.size) });
      hash.update(`${path}\0${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino} ${stat.dev}\n`);
      changedAtMs = Math.max(changedAtMs, Number(stat.ctimeMs));
    }
  }
  if (entries.length === 0) throw nothingThere(root, listed);
  refuseSparse(root, listed, entries);
  remark(root, listed, entries, report);
  return { entries, key: hash.digest("hex"), changedAtMs };
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    // ENOTDIR: a folder of the index is a file by now.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}

function nothingThere(root: string, { inRepository }: ListedFiles): SourceTreeError {
  return new SourceTreeError({
    summary: `${root}: no file of it belongs to the source tree`,
    expected: "files that git tracks, or does not ignore",
    found: inRepository ? "none: the repository around it has none here, or ignores the folder" : "none",
    at: root,
    fix: "git check-ignore -v . tells the rule; git init in the folder makes it a repository of its own",
  });
}

function refuseSparse(root: string, listed: ListedFiles, entries: readonly TreeEntry[]): void {
  const there = new Set(entries.map(({ path }) => path));
  const missing = listed.sparse.filter((path) => !there.has(path));
  if (missing.length === 0) return;
  throw new SourceTreeError({
    summary: `${root}: ${missing.length} tracked files are not in the working tree`,
    expected: "the whole source tree",
    found: `a sparse checkout without ${missing[0]}`,
    at: root,
    fix: "git sparse-checkout disable",
  });
}

const surprisinglyLargeBytes = 200 * 1024 * 1024;

function remark(root: string, listed: ListedFiles, entries: readonly TreeEntry[], report: Report): void {
  const warn = (message: string): void => report({ level: "warning", phase: "stage", message });
  if (!listed.inRepository) warn(`${root} is in no git repository: every file that no .gitignore names is taken`);
  for (const path of listed.repositories)
    warn(`${path} is a repository of its own: its files are not in the source tree`);
  const total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const largest = entries.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (total <= surprisinglyLargeBytes || largest === undefined) return;
  const megabytes = Math.round(total / 1024 / 1024);
  warn(`the source tree has ${megabytes} MB; its largest file is ${largest.path}. Should git ignore it?`);
}

export function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
