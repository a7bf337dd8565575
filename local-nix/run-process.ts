import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";

/** One process to run to its end. */
export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Absent: the process reads end of file at once. */
  readonly stdin?: string | Uint8Array;
  readonly deadlineMs: number;
  /** How long after SIGTERM the group is left in peace before SIGKILL. */
  readonly graceMs: number;
  /** Largest answer accepted on stdout, in bytes; above it the process is killed. */
  readonly maxStdoutBytes: number;
  /** Called for every line of stderr while the process runs, without the line end. */
  readonly onStderrLine?: (line: string) => void;
}

export interface ProcessResult {
  /** Absent when a signal ended the process. */
  readonly exitCode?: number;
  readonly stdout: string;
  /** The last {@link stderrTailBytes} bytes or so. */
  readonly stderr: string;
  /** Why the process was killed by us; absent when it ended by itself. */
  readonly killed?: "aborted" | "deadline" | "too-much-output";
}

/** How much of stderr is kept: an error block with a long trace fits, a build log does not have to. */
export const stderrTailBytes = 512 * 1024;
const longestLine = 1024 * 1024;
/** How long after the process's end its pipes may stay open: whoever holds them then is no part of it. */
const pipesGraceMs = 2_000;

const running = new Set<ChildProcess>();
// Children lead process groups of their own, so a terminal's Ctrl-C does not reach them: they must end with this process.
const stopAll = (): void => {
  for (const child of running) signalGroup(child, "SIGTERM");
};
process.once("exit", stopAll);

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A process that dies of a signal, as a Pulumi program does when its command is cancelled, has no "exit" event. */
function onEnding(signal: NodeJS.Signals): void {
  stopAll();
  if (process.listenerCount(signal) > 1) return; // somebody else decides what becomes of this process
  process.removeListener(signal, onEnding);
  process.kill(process.pid, signal);
}

function track(child: ChildProcess): void {
  running.add(child);
  if (running.size > 1) return;
  // First of all listeners: one that listens once is no longer counted after its turn.
  for (const signal of endings) process.prependListener(signal, onEnding);
}

function untrack(child: ChildProcess): void {
  running.delete(child);
  if (running.size === 0) for (const signal of endings) process.removeListener(signal, onEnding);
}

/**
 * Runs a process in a process group of its own and waits until it has ended, also when it is killed: after `signal` or
 * the deadline SIGTERM goes to the group, SIGKILL when the grace is over.
 * @throws the `spawn` error (`ENOENT` …) when the program cannot be started.
 */
export async function runProcess(request: ProcessRequest, signal: AbortSignal): Promise<ProcessResult> {
  signal.throwIfAborted();
  const child = spawn(request.file, request.args, {
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    env: request.env,
    stdio: [request.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: true,
  });
  track(child);
  const stop = new Stop(child, request.graceMs);
  const onAbort = (): void => stop.now("aborted");
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop.now("deadline"), request.deadlineMs);
  child.once("exit", () => clearTimeout(timer)); // it kept its deadline, whoever else still holds its pipes
  try {
    const stdout = collectStdout(child, request.maxStdoutBytes, () => stop.now("too-much-output"));
    const stderr = collectStderr(child, request.onStderrLine);
    feedStdin(child, request.stdin);
    const exitCode = await ended(child);
    const killed = stop.reason;
    return {
      ...(exitCode === null ? {} : { exitCode }),
      stdout: stdout(),
      stderr: stderr(),
      ...(killed === undefined ? {} : { killed }),
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    stop.done();
    untrack(child);
  }
}

/** The first reason wins; the second signal is harder. */
class Stop {
  reason: ProcessResult["killed"];
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  #hard: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, graceMs: number) {
    this.#child = child;
    this.#graceMs = graceMs;
  }

  now(reason: NonNullable<ProcessResult["killed"]>): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    signalGroup(this.#child, "SIGTERM");
    this.#hard = setTimeout(() => signalGroup(this.#child, "SIGKILL"), this.#graceMs);
  }

  done(): void {
    clearTimeout(this.#hard);
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the group has ended between the decision and the signal, which is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // "close", not "exit": the pipes may still hold output when the process is gone.
    child.once("close", (exitCode) => resolve(exitCode));
    // A daemon that it left behind in a session of its own (OpenSSH's ControlPersist, git's credential cache) keeps the
    // pipes open for ever; neither the deadline nor a signal to the group reaches it.
    child.once("exit", () => {
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, pipesGraceMs);
      child.once("close", () => clearTimeout(timer));
    });
  });
}

function feedStdin(child: ChildProcess, stdin: string | Uint8Array | undefined): void {
  if (stdin === undefined || child.stdin === null) return;
  // A process that ends without reading all of its input is judged by its exit code, not by our EPIPE.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
}

function collectStdout(child: ChildProcess, max: number, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > max) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

function collectStderr(child: ChildProcess, onLine: ((line: string) => void) | undefined): () => string {
  const decoder = new StringDecoder("utf8");
  let tail = "";
  let line = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    const text = decoder.write(chunk);
    tail = (tail + text).slice(-stderrTailBytes);
    if (onLine === undefined) return;
    const lines = (line + text).split("\n");
    line = (lines.pop() ?? "").slice(0, longestLine);
    for (const each of lines) onLine(each);
  });
  child.stderr?.on("end", () => {
    if (onLine !== undefined && line !== "") onLine(line);
  });
  return () => tail;
}
