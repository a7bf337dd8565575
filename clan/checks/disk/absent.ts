import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** What is in a folder, in the alphabet's order; nothing where there is no such folder. */
export async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(absent);
  return (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file's text; undefined where there is no such file. */
export async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(absent);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
