import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SourceTreeError } from "./errors.ts";
import { type ProcessResult, runProcess } from "./run-process.ts";

/** What git says about the files below a folder. Paths are relative to the folder, with "/", sorted, each once. */
export interface ListedFiles {
  readonly paths: readonly string[];
  /** Submodules and nested repositories: a flake's git tree has no files of theirs either. */
  readonly repositories: readonly string[];
  /** Tracked, but left out of the working tree by a sparse checkout. */
  readonly sparse: readonly string[];
  /** False: the folder is in no git repository; the ignore rules were applied all the same. */
  readonly inRepository: boolean;
}

// Set by git for its hooks; they would make git list another repository or another index than the one of this folder.
const gitVariables = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"] as const;
const listing = ["ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"] as const;

/**
 * Lists tracked files and untracked files that are not ignored.
 * @param emptyGitDir - made and used as git's own folder when `root` is in no repository, so that `.gitignore` counts there too.
 * @throws {SourceTreeError} no git on PATH, or git refuses (for instance because another user owns the repository).
 */
export async function listFiles(root: string, emptyGitDir: string, signal: AbortSignal): Promise<ListedFiles> {
  const inside = await git(listing, root, signal);
  if (inside.exitCode === 0) return { ...parseListing(inside.stdout), inRepository: true };
  if (!inside.stderr.includes("not a git repository")) throw gitFailure(root, inside);
  await makeEmptyGitDir(root, emptyGitDir, signal);
  const outside = await git(listingArgs(emptyGitDir), root, signal);
  if (outside.exitCode !== 0) throw gitFailure(root, outside);
  return { ...parseListing(outside.stdout), inRepository: false };
}

/** The list of a folder that is in no repository. */
export function listingArgs(emptyGitDir: string): readonly string[] {
  return [`--git-dir=${emptyGitDir}`, "--work-tree=.", ...listing];
}

/** Paths are paths, whatever they begin with, and no patterns. Source: git(1), `--literal-pathspecs`. */
export function intentionArgs(paths: readonly string[]): readonly string[] {
  return ["--literal-pathspecs", "add", "--intent-to-add", "--", ...paths];
}

/** Top folder of the repository that a folder is in, without symbolic links; undefined: in none. @throws {SourceTreeError} */
export async function findRepository(folder: string, signal: AbortSignal): Promise<string | undefined> {
  const asked = await git(["rev-parse", "--show-toplevel"], folder, signal);
  if (asked.exitCode === 0) return asked.stdout.replace(/\n$/, "");
  if (asked.stderr.includes("not a git repository")) return undefined;
  throw gitFailure(folder, asked);
}

/**
 * Tells git of new files without their text (`git add --intent-to-add`): Nix and clan then see them, and what is committed
 * stays the owner's to say. Nothing is done outside of a repository. @throws {SourceTreeError}
 */
export async function intendToAdd(root: string, paths: readonly string[], signal: AbortSignal): Promise<void> {
  if (paths.length === 0 || (await findRepository(root, signal)) === undefined) return;
  const added = await git(intentionArgs(paths), root, signal);
  if (added.exitCode !== 0) throw gitFailure(root, added, "git add --intent-to-add");
}

/** Made beside its place and renamed: `git init` twice at a time in one folder fails on its own locks. */
async function makeEmptyGitDir(root: string, folder: string, signal: AbortSignal): Promise<void> {
  if (existsSync(join(folder, "HEAD"))) return;
  const beside = `${folder}.${randomBytes(6).toString("hex")}`;
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(beside, { recursive: true, force: true }));
  const made = await git(["init", "--quiet", "--bare", beside], root, signal);
  if (made.exitCode !== 0) throw gitFailure(root, made);
  try {
    await rename(beside, folder);
  } catch (error) {
    if (!existsSync(join(folder, "HEAD"))) throw error; // otherwise another run was first
  }
}

/**
 * Reads `git ls-files -z -t --stage --cached --others`: `<tag> <mode> <object> <stage>\t<path>` for files of the index,
 * `? <path>` for the others. Source: git-ls-files(1), git 2.39.
 */
export function parseListing(output: string): Omit<ListedFiles, "inRepository"> {
  const paths = new Set<string>();
  const repositories = new Set<string>();
  const sparse = new Set<string>();
  for (const record of output.split("\0")) {
    const tracked = /^(\S) (\d{6}) [0-9a-f]+ \d\t(.+)$/s.exec(record);
    const other = /^\? (.+)$/s.exec(record);
    const path = tracked?.[3] ?? other?.[1];
    if (path === undefined) continue;
    if (tracked?.[2] === "160000" || path.endsWith("/")) repositories.add(path.replace(/\/$/, ""));
    else paths.add(path);
    if (tracked?.[1] === "S") sparse.add(path);
  }
  return { paths: [...paths].sort(), repositories: [...repositories].sort(), sparse: [...sparse].sort() };
}

/**
 * Runs git in a folder, as if no hook had called it.
 * @param added - to its environment.
 * @throws {SourceTreeError} no git on PATH.
 */
export async function git(
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
  added: Readonly<Record<string, string>> = {},
): Promise<ProcessResult> {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: "C" };
  for (const name of gitVariables) delete env[name];
  Object.assign(env, added);
  const request = { file: "git", args, cwd, env, deadlineMs: 60_000, graceMs: 1000, maxStdoutBytes: 256 * 1024 * 1024 };
  try {
    const result = await runProcess(request, signal);
    if (result.killed === "aborted") signal.throwIfAborted();
    return result;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new SourceTreeError(
      {
        summary: "git is not installed: there is no `git` on PATH",
        expected: "git; it says which files belong to the fleet's source tree",
        found: `PATH=${process.env["PATH"] ?? ""}`,
        at: join(cwd, "."),
        fix: "install git, or open a shell whose PATH has it",
      },
      { cause: error },
    );
  }
}

function gitFailure(root: string, result: ProcessResult, asked = "git ls-files"): SourceTreeError {
  const dubious = result.stderr.includes("dubious ownership");
  return new SourceTreeError({
    summary: `${root}: git does not answer about the fleet's source tree`,
    expected: `an answer from ${asked}`,
    found: result.killed === undefined ? result.stderr.trim() : "no answer within 60 s",
    at: `git -C ${root} ${asked.slice(4)}`,
    fix: dubious
      ? `run as the owner of ${root}, or: git config --global --add safe.directory ${root}`
      : "correct what git names, then run again",
  });
}
