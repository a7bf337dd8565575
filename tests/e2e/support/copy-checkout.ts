import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { run } from "./run.ts";

const project = resolve(import.meta.dirname, "..", "..", "..");

/** Copies what git tracks or does not ignore into a repository of its own in `root`; the installed packages are shared. */
export async function copyCheckout(root: string): Promise<void> {
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], project, 30);
  for (const path of listed.stdout.split("\0").filter((path) => path !== "")) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    // Links of the clan fixtures lead to folders: they stay links.
    await cp(join(project, path), join(root, path), { verbatimSymlinks: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error; // deleted, and git does not know yet
      },
    );
  }
  await symlink(join(project, "node_modules"), join(root, "node_modules"));
  await run("git", ["init", "--quiet"], root, 30);
  await run("git", ["add", "--all"], root, 30);
}
