import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HostDiedError, SimulationError } from "./errors.ts";
import { isNotFound } from "./sim-state.ts";

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since the machine's boot. Source: proc_pid_stat(5). */
  readonly startTime: string;
}

/** Start time of a live process; undefined: no such process, or a zombie that nobody has reaped yet. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (isNotFound(error) || (error instanceof Error && "code" in error && error.code === "ESRCH")) return undefined;
    throw error;
  }
}

export async function isAlive({ pid, startTime }: ProcessId): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/** Child processes of one process (of all its threads' first: a plain process has one). */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  try {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch (error) {
    if (isNotFound(error) || (error instanceof Error && "code" in error && error.code === "ESRCH")) return [];
    throw error;
  }
}

/** Sends a signal to a process that may have ended meanwhile. */
export function signalProcess(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
    throw error;
  }
}

/**
 * Asks again and again until the condition gives a value.
 * @throws {HostDiedError} that the condition threw; its other errors are reasons to ask again.
 * @throws {SimulationError} naming `what` when the deadline passes; the signal's reason when it is aborted.
 */
export async function waitFor<T>(
  what: { readonly subject: string; readonly expected: string; readonly at: string; readonly fix: string },
  { deadlineMs, everyMs = 50 }: { readonly deadlineMs: number; readonly everyMs?: number },
  condition: (signal: AbortSignal) => Promise<T | undefined | false>,
  signal: AbortSignal,
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  let last: unknown = "nothing yet";
  while (!limit.aborted) {
    try {
      const value = await condition(limit);
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      if (error instanceof HostDiedError) throw error;
      last = error;
    }
    await sleep(everyMs, undefined, { signal: limit }).catch((error: unknown) => {
      if (!limit.aborted) throw error;
    });
  }
  signal.throwIfAborted();
  throw new SimulationError(
    {
      summary: `${what.subject}: waited ${deadlineMs / 1000} s in vain`,
      expected: what.expected,
      found: last instanceof Error ? last.message : String(last),
      at: what.at,
      fix: what.fix,
    },
    last instanceof Error ? { cause: last } : undefined,
  );
}
