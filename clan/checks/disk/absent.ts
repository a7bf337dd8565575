import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** Far fewer than the 256 that a process may open where it may open least. */
const mostOpen = 64;
let open = 0;
const waiting: (() => void)[] = [];

/** Whoever comes when so many are open waits for a turn: a fleet's folder may have more files than a process may open. */
async function inTurn<T>(read: () => Promise<T>): Promise<T> {
  // Handed on, not given back, while somebody waits.
  if (open === mostOpen) await new Promise<void>((resolve) => waiting.push(resolve));
  else open++;
  try {
    return await read();
  } finally {
    const next = waiting.shift();
    if (next === undefined) open--;
    else next();
  }
}

/** What is in a folder, in the alphabet's order; nothing where there is no such folder. */
export async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const entries = await inTurn(() => readdir(folder, { withFileTypes: true })).catch(absent);
  return (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file's text; undefined where there is no such file. */
export async function textOf(path: string): Promise<string | undefined> {
  return inTurn(() => readFile(path, "utf8")).catch(absent);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
