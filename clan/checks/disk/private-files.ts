import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { defaultCacheDir } from "../../../local-nix/cache-folder.ts";
import { SourceTreeError } from "../../../local-nix/errors.ts";
import { listFiles } from "../../../local-nix/listed-files.ts";
import type { NamedFile, StackFile } from "./stack-files.ts";

/** A file of the operator's alone that is part of the fleet's source tree. */
export interface StagedPrivateFile {
  readonly stack: StackFile;
  readonly named: NamedFile;
  /** Of it or in it, relative to the root; one at least. */
  readonly staged: readonly string[];
}

/** What stacks name of the operator's own and git does not ignore: the evaluation copies it into the Nix store. */
export async function readStagedPrivateFiles(
  root: string,
  stacks: readonly StackFile[],
  signal: AbortSignal,
): Promise<readonly StagedPrivateFile[]> {
  const inside = stacks.flatMap((stack) =>
    (stack.privateFiles ?? []).flatMap((named) => {
      const path = relative(
        root,
        named.path.startsWith("~/") ? join(homedir(), named.path.slice(2)) : resolve(root, named.path),
      );
      return path.startsWith("..") ? [] : [{ stack, named, path }];
    }),
  );
  // Asking git costs as much as all the rules, and mostly there is nothing to ask.
  if (inside.length === 0) return [];
  const files = await stagedFiles(root, signal);
  return inside.flatMap(({ stack, named, path }) => {
    const staged = files.filter((file) => path === "" || file === path || file.startsWith(`${path}/`));
    return staged.length === 0 ? [] : [{ stack, named, staged }];
  });
}

/** As the evaluation lists them. @returns none where they cannot be listed: then there is no evaluation, which says why. */
async function stagedFiles(root: string, signal: AbortSignal): Promise<readonly string[]> {
  const folder = join(defaultCacheDir(), "trees");
  await mkdir(folder, { recursive: true });
  try {
    return (await listFiles(root, join(folder, "empty.git"), signal)).paths;
  } catch (error) {
    if (error instanceof SourceTreeError) return [];
    throw error;
  }
}
