import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { SourceTreeError } from "./errors.ts";
import { findRepository, git } from "./listed-files.ts";

/** The files of a commit in a folder of their own, gone at the end of its scope. */
export interface RevisionTree extends AsyncDisposable {
  /** Folder that holds `tree`; nothing else is in it. */
  readonly around: string;
  /** Top of the repository's files. */
  readonly tree: string;
  /** The folder within `tree` that was asked for. */
  readonly folder: string;
  readonly commit: string;
}

/** The commit that a revision names; undefined: none, or the folder is in no repository. @throws {SourceTreeError} no git. */
export async function findCommit(folder: string, revision: string, signal: AbortSignal): Promise<string | undefined> {
  const asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const answer = await git(asked, folder, signal);
  return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
}

/**
 * Writes the files of a commit beside the repository, whose working tree, index and refs stay as they are.
 * Submodules are left out, as in a flake's git tree.
 * @param folder - in the repository. @throws {SourceTreeError}
 */
export async function checkOutCommit(folder: string, commit: string, signal: AbortSignal): Promise<RevisionTree> {
  const own = await realpath(folder);
  const repository = (await findRepository(own, signal)) ?? own;
  await using cleanup = new AsyncDisposableStack();
  const around = await realpath(await mkdtemp(join(tmpdir(), "fleet-commit-")));
  cleanup.defer(() => rm(around, { recursive: true, force: true }));
  const tree = join(around, "tree");
  await mkdir(tree);
  const index = { GIT_INDEX_FILE: join(around, "index") };
  const run = async (args: readonly string[], where: string, added?: typeof index): Promise<void> => {
    const { exitCode, stderr } = await git(args, where, signal, added);
    if (exitCode !== 0) throw notCheckedOut(repository, commit, args, stderr);
  };
  await run(["read-tree", commit], repository, index);
  await run(["checkout-index", "--all", "--quiet", `--prefix=${tree}/`], repository, index);
  await rm(join(around, "index"), { force: true });
  // A repository of its own, in which files count that were committed although a rule ignores them.
  await run(["init", "--quiet"], tree);
  await run(["add", "--all", "--force"], tree);
  const kept = cleanup.move();
  return {
    around,
    tree,
    folder: join(tree, relative(repository, own)),
    commit,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function notCheckedOut(repository: string, commit: string, args: readonly string[], stderr: string): SourceTreeError {
  return new SourceTreeError({
    summary: `${repository}: the files of commit ${commit.slice(0, 12)} cannot be written`,
    expected: `git ${args.join(" ")} to succeed`,
    found: stderr.trim(),
    at: repository,
    fix: "correct what git names; git fsck finds objects that are missing",
  });
}
