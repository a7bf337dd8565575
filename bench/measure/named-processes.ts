import { readdir, readFile } from "node:fs/promises";

/** What the processes of one name have used. */
export interface NamedUsage {
  /** Most resident memory of one of them, bytes. */
  peakRssBytes: number;
  /** User and system time of their own, and of what they started and awaited. */
  cpuSeconds: number;
  childrenCpuSeconds: number;
}

/** What a tree of processes has used. */
export interface TreeFigures {
  /** Most resident memory of all at one moment, bytes; pages that processes share count for each. */
  readonly peakTogetherBytes: number;
  readonly named: Readonly<Record<string, NamedUsage>>;
}

/**
 * Looks at the tree below `root` until `stop`.
 * @param nameOf - of a process, by its command line; one process of each name. undefined: it counts within the whole only.
 */
export function watchNamed(
  root: number,
  nameOf: (commandLine: string) => string | undefined,
  everyMs = 250,
): { stop(): Promise<TreeFigures> } {
  let peakTogetherBytes = 0;
  const named: Record<string, NamedUsage> = {};
  const look = async (): Promise<void> => {
    const now = await readTree(root);
    peakTogetherBytes = Math.max(
      peakTogetherBytes,
      now.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    );
    for (const { commandLine, rssBytes, cpuSeconds, childrenCpuSeconds } of now) {
      const name = nameOf(commandLine);
      if (name === undefined) continue;
      const peakRssBytes = Math.max(named[name]?.peakRssBytes ?? 0, rssBytes);
      named[name] = { peakRssBytes, cpuSeconds, childrenCpuSeconds };
    }
  };
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      await look();
      await pause(everyMs, stopped.signal);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await watching;
      return { peakTogetherBytes, named };
    },
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

interface OneProcess extends Omit<NamedUsage, "peakRssBytes"> {
  readonly commandLine: string;
  readonly rssBytes: number;
}

async function readTree(root: number): Promise<readonly OneProcess[]> {
  const found: OneProcess[] = [];
  for (const todo = [root]; todo.length > 0; ) {
    const pid = todo.shift() ?? root;
    const process = await readProcess(pid);
    if (process === undefined) continue;
    found.push(process);
    todo.push(...process.children);
  }
  return found;
}

// Source: proc_pid_stat(5); USER_HZ is 100 on every Linux that Node runs on.
const ticksPerSecond = 100;

/** Source: proc_pid_status(5), proc_pid_cmdline(5). Children are those of every thread: Go starts them from any. */
async function readProcess(pid: number): Promise<(OneProcess & { readonly children: readonly number[] }) | undefined> {
  try {
    const [stat, status, commandLine, children] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/status`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
      readChildren(pid),
    ]);
    // After the name, which may hold anything: state, parent, …; utime, stime, cutime, cstime are fields 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const seconds = (...indices: readonly number[]): number =>
      indices.reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / ticksPerSecond;
    return {
      commandLine: commandLine.replaceAll("\0", " "),
      rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
      cpuSeconds: seconds(11, 12),
      childrenCpuSeconds: seconds(13, 14),
      children,
    };
  } catch {
    return undefined; // it ended while it was read
  }
}

async function readChildren(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8")));
  return texts.flatMap((text) => text.split(" ").filter(Boolean).map(Number));
}
