import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isAlive, startTimeOf, waitFor } from "./processes.ts";
import { readIfThere } from "./sim-state.ts";

/**
 * Holds a lock file while `work` runs. A lock whose holder has died is taken over.
 * @param path - the lock file; its folder is created.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${crypto.randomUUID()}`;
  await writeFile(own, `${process.pid} ${await startTimeOf(process.pid)}`);
  try {
    await waitFor(
      {
        subject: "simulation",
        expected: "the lock of another run of the simulation to be released",
        at: path,
        fix: "wait for the other run, or end it",
      },
      { deadlineMs: 180_000, everyMs: 20 },
      () => tryTake(path, own),
      signal,
    );
  } finally {
    await rm(own, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

// link(2) makes the lock appear with its holder's name in it, or not at all.
async function tryTake(path: string, own: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const holder = await readIfThere(path);
  const [pid = "", startTime = ""] = (holder ?? "").split(" ");
  if (holder !== undefined && !(await isAlive({ pid: Number(pid), startTime }))) await takeAway(path, holder);
  return false;
}

// Of several that find the same dead holder one moves its lock away; a lock taken meanwhile is put back.
async function takeAway(path: string, deadHolder: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  if ((await readIfThere(aside)) === deadHolder) await rm(aside, { force: true });
  else await rename(aside, path);
}
