import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isAlive, startTimeOf, waitFor } from "./processes.ts";
import { readIfThere } from "./sim-state.ts";

/**
 * Holds a lock file while `work` runs. A lock whose holder has died is taken over.
 * @param path - the lock file; its folder is created.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${process.pid} ${await startTimeOf(process.pid)} ${crypto.randomUUID()}`;
  await waitFor(
    {
      subject: "simulation",
      expected: "the lock of another run of the simulation to be released",
      at: path,
      fix: "wait for the other run, or end it",
    },
    { deadlineMs: 180_000 },
    () => tryTake(path, mine),
    signal,
  );
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryTake(path: string, mine: string): Promise<boolean> {
  try {
    await using file = await open(path, "wx");
    await file.writeFile(mine);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const holder = await readIfThere(path);
  const [pid = "", startTime = ""] = (holder ?? "").split(" ");
  // An empty file is one that its holder is about to fill.
  if (pid !== "" && !(await isAlive({ pid: Number(pid), startTime })) && (await readIfThere(path)) === holder) {
    await rm(path, { force: true });
  }
  return false;
}
