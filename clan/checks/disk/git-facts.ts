import { runProcess } from "../../../local-nix/run-process.ts";

export interface GitFacts {
  /** null: no git, or no repository. */
  readonly untracked: readonly string[] | null;
  readonly ignored: readonly string[];
}

/** Module files that git does not know; asked without git's locks, so that a check never disturbs. */
export async function readGitFacts(
  root: string,
  folders: readonly string[],
  module: RegExp,
  signal: AbortSignal,
): Promise<GitFacts> {
  if (folders.length === 0) return { untracked: [], ignored: [] };
  const all = await others(root, [], folders, module, signal);
  // Mostly there are none, and a process more costs as much as all the rules.
  if (all === null || all.length === 0) return { untracked: all, ignored: [] };
  const untracked = await others(root, ["--exclude-standard"], folders, module, signal);
  if (untracked === null) return { untracked, ignored: [] };
  const known = new Set(untracked);
  return { untracked, ignored: all.filter((file) => !known.has(file)) };
}

/** Files that are not tracked. @param which - options of git; @param folders - names, and no patterns. */
export function othersArgs(which: readonly string[], folders: readonly string[]): readonly string[] {
  return ["--no-optional-locks", "--literal-pathspecs", "ls-files", "-z", "--others", ...which, "--", ...folders];
}

async function others(
  root: string,
  which: readonly string[],
  folders: readonly string[],
  module: RegExp,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const args = othersArgs(which, folders);
  try {
    const result = await runProcess(
      {
        file: "git",
        args,
        cwd: root,
        env: { ...process.env, LC_ALL: "C" },
        deadlineMs: 60_000,
        graceMs: 1000,
        maxStdoutBytes: 64 * 1024 * 1024,
      },
      signal,
    );
    if (result.killed === "aborted") signal.throwIfAborted();
    if (result.exitCode !== 0) return null; // no repository, or not ours to read: then nothing can be said of it
    return result.stdout
      .split("\0")
      .filter((path) => module.test(path))
      .sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
