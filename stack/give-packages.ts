import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";

const packageRoot = resolve(import.meta.dirname, "..");

const packageSchema = z.looseObject({ name: z.string().optional() });

/** A copy of a fleet's files, with nothing else around it. */
export interface CopiedTree {
  /** Folder that holds `tree`; packages are installed here. */
  readonly around: string;
  /** Top of the copied files. */
  readonly tree: string;
}

/**
 * A copy holds no installed packages: those of the base fleet serve, and for `pulumi-clan` the one that runs, so that the
 * modules of the copy are made by the same classes that read them.
 */
export async function givePackages({ around, tree }: CopiedTree, folder: string): Promise<void> {
  const target = join(around, "node_modules");
  await mkdir(target);
  const installed = installedPackages(folder);
  const names = installed === undefined ? [] : await readdir(installed);
  for (const name of names)
    if (name !== "pulumi-clan" && installed !== undefined) await symlink(join(installed, name), join(target, name));
  await symlink(packageRoot, join(target, "pulumi-clan"));
  // The checkout of this package itself: its name would lead to the copy's own files.
  const file = join(tree, "package.json");
  if (!existsSync(file)) return;
  const parsed = packageSchema.parse(JSON.parse(await readFile(file, "utf8")));
  if (parsed.name !== "pulumi-clan") return;
  await rm(file);
  await writeFile(file, JSON.stringify({ ...parsed, name: "pulumi-clan-copied" }));
}

function installedPackages(folder: string): string | undefined {
  const own = join(folder, "node_modules");
  if (existsSync(own)) return own;
  return dirname(folder) === folder ? undefined : installedPackages(dirname(folder));
}
