import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

// Root hooks of the whole run: what the tests made outside of this process is gone at its end.

/** What a process leaves on a machine. */
interface Traces {
  readonly interfaces: readonly string[];
  readonly mounts: readonly string[];
  readonly processes: readonly string[];
}

/** Names in the network namespace of this process. Source: proc_pid_net(5), `dev`. */
async function readInterfaces(): Promise<string[]> {
  const lines = (await readFile("/proc/self/net/dev", "utf8")).split("\n").slice(2);
  return lines.flatMap((line) => line.split(":")[0]?.trim() || []);
}

async function readMounts(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trimEnd().split("\n");
  return lines.map((line) => line.split(" ")[4] ?? "");
}

/** Processes of this pid namespace; zombies are over, only their parents have not looked yet. */
async function readProcesses(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const state = /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
        const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
        return state === "Z" ? [] : [`${pid} ${command}`];
      } catch {
        return []; // it ended while it was read
      }
    }),
  );
  return found.flat();
}

async function readTraces(): Promise<Traces> {
  return { interfaces: await readInterfaces(), mounts: await readMounts(), processes: await readProcesses() };
}

/** What is there now and was not there before. */
async function leftovers(before: Traces): Promise<Traces> {
  const now = await readTraces();
  const added = (kind: keyof Traces): string[] => now[kind].filter((name) => !before[kind].includes(name));
  return { interfaces: added("interfaces"), mounts: added("mounts"), processes: added("processes") };
}

const nothing: Traces = { interfaces: [], mounts: [], processes: [] };

// Only in namespaces of the run's own (scripts/test) is all that appears there ours.
const isolated = process.env["PULUMI_CLAN_ISOLATED"] === "1";
let before = nothing;

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    if (isolated) before = await readTraces();
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    stopHanging();
    if (!isolated) return;
    const deadline = Date.now() + 10_000;
    let left = await leftovers(before);
    while (Object.values(left).flat().length > 0 && Date.now() < deadline) {
      await sleep(100); // a process that was told to end may still be on its way
      left = await leftovers(before);
    }
    assert.deepEqual(left, nothing, "the tests left these interfaces, mounts or processes behind");
  },
};

/** Mocha waits for everything that keeps the process alive; a run that would hang says what it is, and fails. */
function stopHanging(): void {
  setTimeout(() => {
    console.error(`the tests are over, but something keeps running: ${process.getActiveResourcesInfo().join(", ")}`);
    process.exit(1);
  }, 30_000).unref();
}
