import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "../report.ts";
import { defaultCacheDir, writeAtomically } from "./cache-folder.ts";
import { FlakeLockError } from "./errors.ts";
import { runNix } from "./nix-command.ts";
import { NixError } from "./nix-error.ts";
import { copyTree } from "./tree-copy.ts";
import { snapshotTree } from "./tree-snapshot.ts";

export interface LockResult {
  readonly file: string;
  /** Whether the text of `flake.lock` is another one than before. */
  readonly changed: boolean;
}

/**
 * Writes `flake.lock` for the inputs of the tree's `flake.nix`. Inputs that are locked already keep their revision.
 * Nix works in a copy: as `path:` of the folder it would take ignored files too, as `git+file:` it would miss a freshly
 * emitted `flake.nix`.
 * @throws {FlakeLockError} no `flake.nix`, or an input's host cannot be reached. @throws {NixError}
 */
export async function lockFlake(
  root: string,
  report: Report,
  signal: AbortSignal,
  cacheDir = defaultCacheDir(),
): Promise<LockResult> {
  const trees = join(cacheDir, "trees");
  const staging = join(trees, "staging", `${process.pid}-${randomBytes(6).toString("hex")}`);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(staging, { recursive: true, force: true }));
  const { entries } = await snapshotTree(root, join(trees, "empty.git"), report, signal);
  if (!entries.some(({ path }) => path === "flake.nix")) throw noFlake(root);
  await copyTree(root, entries, new Map(), staging, signal);
  const before = await readIfThere(join(staging, "flake.lock"));
  report({ level: "info", phase: "lock", message: "asking for the revisions of the flake's inputs" });
  try {
    const onLog = (line: string): void => report({ level: "debug", phase: "lock", message: line });
    await runNix(["flake", "lock", `path:${staging}`], { signal, onLog, purpose: `${root}: lock the flake` });
  } catch (error) {
    throw (error instanceof NixError && unreachable(root, error)) || error;
  }
  const after = await readIfThere(join(staging, "flake.lock"));
  const file = join(root, "flake.lock");
  // A flake without inputs gets no lock file.
  if (after === undefined || after === before) return { file, changed: false };
  await writeAtomically(file, after);
  return { file, changed: true };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function noFlake(root: string): FlakeLockError {
  return new FlakeLockError({
    summary: `${root}: there is no flake.nix to lock`,
    expected: "the emitted flake at the fleet's root",
    found: "no such file among those that git does not ignore",
    at: join(root, "flake.nix"),
    fix: "fleet emit",
  });
}

/** What Nix says of an input that it cannot fetch. Source: nix 2.26, src/libstore/filetransfer.cc and libfetchers; the rest are texts of curl, git and ssh. */
export const networkFailure =
  /unable to download|Could(?:n't| not) (?:resolve|connect)|Network is unreachable|Connection (?:timed out|refused)|Temporary failure in name resolution/i;

function unreachable(root: string, error: NixError): FlakeLockError | undefined {
  const { block, stderr } = error.failure;
  if (!networkFailure.test(block.message) && !networkFailure.test(stderr)) return undefined;
  const input = /while (?:fetching|updating) the (?:flake )?input '([^']+)'/g;
  const named = [...stderr.matchAll(input)].map(([, name]) => name).at(-1);
  return new FlakeLockError(
    {
      summary: `${root}: ${named === undefined ? "an input" : `the input ${named}`} cannot be reached from here`,
      expected: "an answer from the host of every input that is not locked yet",
      found: block.message,
      at: join(root, "flake.nix"),
      fix: "run `fleet lock` where the host can be reached and commit flake.lock",
    },
    { cause: error },
  );
}
