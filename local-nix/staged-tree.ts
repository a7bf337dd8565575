import { createHash, randomBytes } from "node:crypto";
import { lstat, lutimes, mkdir, readlink, realpath, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Report } from "../report.ts";
import { defaultCacheDir, readCachedJson, removeOlder, writeAtomically } from "./cache-folder.ts";
import { SourceTreeError } from "./errors.ts";
import { runNix } from "./nix-command.ts";
import { parseStorePath, type StorePath, storePathSchema } from "./store-path.ts";
import { copyTree, type Overlay } from "./tree-copy.ts";
import { snapshotTree, type TreeSnapshot } from "./tree-snapshot.ts";

/** A copy of the fleet's source tree that no longer changes. */
export interface StagedTree {
  /** The folder it was taken from, without symbolic links. */
  readonly root: string;
  /** The tree in the Nix store; the same text as `storePath`. */
  readonly path: string;
  readonly storePath: StorePath;
  /** `sha256-…`, equal to that of the same tree committed (`nix flake metadata git+file:…`). */
  readonly narHash: string;
}

export interface StageOptions {
  /** Files that stand in the copy instead of those of the working tree, for instance an emission not yet written. */
  readonly overlay?: Overlay;
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
}

/**
 * Copies tracked files and untracked files that are not ignored into the Nix store. Evaluating that path sees freshly
 * emitted files, which `git+file:` does not, and no ignored ones, which `path:` of the folder would.
 * @throws {SourceTreeError} @throws {NixError}
 */
export async function stageTree(
  givenRoot: string,
  { overlay = new Map(), cacheDir = defaultCacheDir() }: StageOptions,
  report: Report,
  signal: AbortSignal,
): Promise<StagedTree> {
  const root = await existingFolder(givenRoot);
  const folder = join(cacheDir, "trees");
  const emptyGitDir = join(folder, "empty.git");
  await mkdir(join(folder, "roots"), { recursive: true });
  const recordFile = join(folder, "records", `${sha256(root).slice(0, 32)}.json`);
  for (let attempt = 1; attempt <= 3; attempt++) {
    const takenAtMs = Date.now();
    const files = await snapshotTree(root, emptyGitDir, report, signal);
    const key = sha256(JSON.stringify([files.key, ...overlay]));
    const known = await reusable(recordFile, key, files.changedAtMs, folder);
    if (known !== undefined) return { root, path: known.storePath, ...known };
    const staged = await addToStore(root, files, overlay, folder, signal);
    const after = await snapshotTree(root, emptyGitDir, () => undefined, signal);
    if (after.key !== files.key) continue; // edited while it was copied: the copy may be a mixture
    await writeAtomically(recordFile, JSON.stringify({ schema: 1, key, takenAtMs, ...staged }));
    await collectOld(folder);
    report({ level: "debug", phase: "stage", message: `${files.entries.length} files, ${staged.narHash}` });
    return { root, path: staged.storePath, ...staged };
  }
  throw new SourceTreeError({
    summary: `${root}: the source tree keeps changing while it is copied`,
    expected: "no file to change for the moment of one copy",
    found: "changes during each of three attempts",
    at: root,
    fix: "stop what writes below it (a watcher, a formatter), or let git ignore what it writes",
  });
}

async function existingFolder(root: string): Promise<string> {
  try {
    const path = await realpath(root);
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  throw new SourceTreeError({
    summary: `${root}: no such folder`,
    expected: "the folder of a fleet",
    found: "nothing, or something that is not a folder",
    at: root,
    fix: "run in the fleet's folder, or name it",
  });
}

type InStore = Pick<StagedTree, "storePath" | "narHash">;

const recordSchema = z.object({
  schema: z.literal(1),
  key: z.string(),
  takenAtMs: z.number(),
  storePath: storePathSchema,
  narHash: z.string().regex(/^sha256-[A-Za-z0-9+/]{43}=$/),
});

// A file written twice within one tick of the file system's clock keeps its times; HFS+ ticks every second, FAT every two.
const clockTickMs = 2000;

/** What an earlier run staged, if the files are the same beyond doubt and the store still has them. */
async function reusable(
  recordFile: string,
  key: string,
  changedAtMs: number,
  folder: string,
): Promise<InStore | undefined> {
  const record = await readCachedJson(recordFile, recordSchema);
  if (record === undefined || record.key !== key || changedAtMs > record.takenAtMs - clockTickMs) return undefined;
  const { storePath, narHash } = record;
  try {
    // The link is our GC root: as long as it is there, the store path is not collected.
    if ((await readlink(rootLink(folder, storePath))) !== storePath) return undefined;
    await lstat(storePath);
    await lutimes(rootLink(folder, storePath), new Date(), new Date());
  } catch {
    return undefined; // gone: staged again
  }
  return { storePath, narHash };
}

function rootLink(folder: string, storePath: StorePath): string {
  return join(folder, "roots", storePath.slice("/nix/store/".length));
}

async function addToStore(
  root: string,
  files: TreeSnapshot,
  overlay: Overlay,
  folder: string,
  signal: AbortSignal,
): Promise<InStore> {
  const staging = join(folder, "staging", `${process.pid}-${randomBytes(6).toString("hex")}`);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(staging, { recursive: true, force: true }));
  // Nix names the store path after the folder, and calls every flake's tree "source".
  const copy = join(staging, "source");
  await copyTree(root, files.entries, overlay, copy, signal);
  const [added, hashed] = await Promise.all([
    runNix(["store", "add", copy], { signal, purpose: `${root}: add the source tree to the store` }),
    runNix(["hash", "path", "--sri", "--type", "sha256", copy], { signal, purpose: `${root}: hash the source tree` }),
  ]);
  const storePath = parseStorePath(added.trim());
  const keep = ["build", "--out-link", rootLink(folder, storePath), storePath];
  await runNix(keep, { signal, purpose: `${root}: keep the source tree` });
  return { storePath, narHash: hashed.trim() };
}

const keepRootsMs = 7 * 24 * 3600_000;
const keepStagingMs = 3600_000;

/** Lets go of trees that no run of the last week used, and of copies that a killed run left behind. */
async function collectOld(folder: string): Promise<void> {
  await removeOlder(join(folder, "roots"), keepRootsMs);
  await removeOlder(join(folder, "staging"), keepStagingMs);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
