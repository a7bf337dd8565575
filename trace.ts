import type { ChildProcess } from "node:child_process";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

/** A piece of work that may take long. */
export interface Work {
  /**
   * `phase`: a part of a run, in the reader's words; `process`: a program on this machine; `ssh`: a connection, or a command
   * on a host; `question`: somebody at the terminal is asked, or a program has the terminal for itself.
   */
  readonly kind: "phase" | "process" | "ssh" | "question";
  /** Machine or host it is about; absent: the whole run. */
  readonly subject?: string;
  /** In a line, and without secrets: a command has its input and its environment beside it, and both are left out. */
  readonly what: string;
  /** It computes and leaves no time for anything else: who wants to tell of it has to do so at its beginning. */
  readonly isBusy?: boolean;
}

export type WorkEvent =
  | { readonly kind: "began"; readonly work: Work }
  | {
      readonly kind: "ended";
      readonly work: Work;
      readonly seconds: number;
      /** How, in a few words: `exit 0`, `1200 bytes`, or what was thrown. */
      readonly result: string;
    };

const works = channel("pulumi-clan:work");

/**
 * Tells whoever watches that work has begun and ended; costs next to nothing while nobody does.
 * @param result - how a good end is told. Default: nothing.
 */
export async function traced<T>(work: Work, action: () => Promise<T>, result?: (value: T) => string): Promise<T> {
  if (!works.hasSubscribers) return action();
  const began = performance.now();
  publish({ kind: "began", work });
  const end = (words: string): void =>
    publish({ kind: "ended", work, seconds: (performance.now() - began) / 1000, result: words });
  try {
    const value = await action();
    end(result?.(value) ?? "");
    return value;
  } catch (error) {
    end(firstLine(error));
    throw error;
  }
}

type Listener = (event: WorkEvent) => void;

/** Who watches. A program is followed once for all of them: Node takes more than ten listeners of one child for a leak. */
const watchers = new Set<Listener>();

/** Tells every piece of work of this process from now on, the programs that it starts included. */
export function watchWork(listen: Listener): Disposable {
  const watcher: Listener = (event) => listen(event); // two may watch with one function
  const onWork = (message: unknown): void => {
    if (isWorkEvent(message)) watcher(message);
  };
  subscribe("pulumi-clan:work", onWork);
  // Source: Node.js 24, `diagnostics_channel`, built-in channels: published for every process that is made.
  if (watchers.size === 0) subscribe("child_process", onProcess);
  watchers.add(watcher);
  return {
    [Symbol.dispose]: () => {
      unsubscribe("pulumi-clan:work", onWork);
      if (watchers.delete(watcher) && watchers.size === 0) unsubscribe("child_process", onProcess);
    },
  };
}

function onProcess(message: unknown): void {
  if (hasProcess(message)) queueMicrotask(() => follow(message.process)); // its arguments are not known before
}

/** What a line of a trace has room for. */
const longestArgument = 160;
const longestCommand = 600;

/**
 * A command as its owner would type it, for a log that others may read. Left out: what a shell is told to do, which may be a
 * secret's own source, tokens that Nix is given as a setting, and who logs in at a web address: often that is a token.
 */
export function renderArgv([program = "", ...args]: readonly string[]): string {
  const shown = args.map((given, index) => {
    const before = args[index - 1] ?? "";
    // Source: Nix 2.34, manual, nix.conf: `access-tokens`, also `extra-`.
    if ((isShell(program) && before === "-c") || /^(?:--)?(?:extra-)?access-tokens$/.test(before)) return "…";
    const arg = given.replaceAll(/(?<=https?:\/\/)[^/@\s]+(?=@)/g, "…");
    const cut = arg.length > longestArgument ? `${arg.slice(0, longestArgument)}…` : arg;
    const line = cut.replaceAll("\n", "⏎");
    return /^[\w@%+=:,./…-]+$/.test(line) ? line : `'${line}'`;
  });
  const whole = [basename(program), ...shown].join(" ");
  return whole.length > longestCommand ? `${whole.slice(0, longestCommand)}…` : whole;
}

function isShell(program: string): boolean {
  return /^(?:ba|da|z|k)?sh$/.test(basename(program));
}

function follow(child: ChildProcess): void {
  const present = [...watchers];
  const listen: Listener = (event) => {
    for (const watcher of present) if (watchers.has(watcher)) watcher(event);
  };
  const began = performance.now();
  // With streams of our own terminal it speaks there itself.
  const hasTerminal = child.stdin === null && child.stdout === null && child.stderr === null;
  const work: Work = { kind: hasTerminal ? "question" : "process", what: renderArgv(child.spawnargs) };
  listen({ kind: "began", work });
  const end = (result: string): void =>
    listen({ kind: "ended", work, seconds: (performance.now() - began) / 1000, result });
  // Why, who wanted to start it hears: maybe as an event that is over by now, maybe as an exception.
  if (child.pid === undefined) end("did not start");
  // "exit", not "close": whoever holds its pipes then is no part of it.
  else child.once("exit", (code, signal) => end(code === null ? `killed by ${signal}` : `exit ${code}`));
}

function publish(event: WorkEvent): void {
  works.publish(event);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}

// Channels carry anything; on ours only `publish` speaks, on Node's only Node.
function isWorkEvent(message: unknown): message is WorkEvent {
  return typeof message === "object" && message !== null && "work" in message;
}

function hasProcess(message: unknown): message is { readonly process: ChildProcess } {
  return typeof message === "object" && message !== null && "process" in message;
}
