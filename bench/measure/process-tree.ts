import { readFile } from "node:fs/promises";

/** What a process and those it started have used. */
export interface TreeUsage {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Most that the processes of one moment had taken, each at its own most; pages that they share count more than once. */
  readonly peakRssBytes: number;
}

// Source: proc_pid_stat(5); USER_HZ is 100 on every Linux that Node runs on.
const ticksPerSecond = 100;
const everyMs = 50;

interface Seen {
  readonly cpuTicks: number;
  readonly peakKib: number;
}

/** Watches the tree below `root` until `stop`, which gives what was used since. Processes that are gone count as last seen. */
export function watchTree(root: number): { stop(): Promise<TreeUsage> } {
  const seen = new Map<number, Seen>();
  let first: ReadonlyMap<number, Seen> | undefined;
  let peakKib = 0;
  const look = async (): Promise<void> => {
    const now = await readTree(root);
    first ??= now;
    for (const [pid, usage] of now) seen.set(pid, usage);
    // A process that has ended and is not yet awaited has no memory any more.
    peakKib = Math.max(
      peakKib,
      [...now.values()].reduce((sum, usage) => sum + usage.peakKib, 0),
    );
  };
  let current = look();
  const timer = setInterval(() => {
    current = current.then(look);
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await current;
      await look();
      // The root's own count holds its ended and awaited children; those are not to be counted twice.
      const alive = await readTree(root);
      let ticks = 0;
      for (const [pid, usage] of seen) {
        if (alive.has(pid)) ticks += usage.cpuTicks - (first?.get(pid)?.cpuTicks ?? 0);
      }
      return { cpuSeconds: ticks / ticksPerSecond, peakRssBytes: peakKib * 1024 };
    },
  };
}

async function readTree(root: number): Promise<ReadonlyMap<number, Seen>> {
  const found = new Map<number, Seen>();
  for (const todo = [root]; todo.length > 0; ) {
    const pid = todo.shift() ?? root;
    const process = await readProcess(pid);
    if (process === undefined) continue;
    found.set(pid, process);
    todo.push(...process.children);
  }
  return found;
}

async function readProcess(pid: number): Promise<(Seen & { readonly children: readonly number[] }) | undefined> {
  try {
    const [stat, status, children] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/status`, "utf8"),
      readFile(`/proc/${pid}/task/${pid}/children`, "utf8"),
    ]);
    // After the name, which may hold anything: state, parent, …; utime, stime, cutime, cstime are fields 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const cpuTicks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
    const peakKib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    return { children: children.split(" ").filter(Boolean).map(Number), cpuTicks, peakKib };
  } catch {
    return undefined; // it ended while it was read
  }
}
