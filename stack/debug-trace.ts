import { plainText } from "../errors.ts";
import { type WorkEvent, watchWork } from "../trace.ts";

/** Asks for a trace where no option can. */
export const debugVariable = "PULUMI_CLAN_DEBUG";

/** Whether the environment asks for a trace: the variable is there, and neither empty nor `0`. */
export function wantsTrace(env: NodeJS.ProcessEnv = process.env): boolean {
  return !["", "0"].includes(env[debugVariable] ?? "");
}

/** Writes each beginning and end of work as a line, from now on until it is disposed of. */
export function traceWork(
  write: (line: string) => void,
  clock: () => number = () => performance.now() / 1000,
): Disposable {
  const began = clock();
  return watchWork((event) => write(renderWorkEvent(event, clock() - began)));
}

let tracing: Disposable | undefined;

/** In a program and a provider of Pulumi's: where the environment asks for it the trace goes to stderr, once a process. */
export function traceWhereAsked(): void {
  if (tracing === undefined && wantsTrace())
    tracing = traceWork((line) => process.stderr.write(`${plainText(line)}\n`));
}

/** The end of a command names it; whole it stands at its beginning. */
const longestAtEnd = 80;

/**
 * `   0.120 s  process   nix eval … begins`, `   1.324 s  process   nix eval …: exit 0, 1.204 s`.
 * @param atSeconds - since the trace began
 */
export function renderWorkEvent(event: WorkEvent, atSeconds: number): string {
  const { kind, subject, what } = event.work;
  const name = subject === undefined ? what : `${subject}: ${what}`;
  const at = `${atSeconds.toFixed(3).padStart(8)} s  ${kind.padEnd(8)}  `;
  if (event.kind === "began") return `${at}${name}`;
  const short = name.length > longestAtEnd ? `${name.slice(0, longestAtEnd)}…` : name;
  const result = event.result === "" ? "done" : event.result;
  return `${at}${short}: ${result}, ${event.seconds.toFixed(3)} s`;
}
