import { constants } from "node:os";
import { stripVTControlCharacters } from "node:util";

const { SIGABRT, SIGKILL, SIGSEGV, SIGTERM } = constants.signals;
const signals = [SIGABRT, SIGKILL, SIGSEGV, SIGTERM];

/** The receiving process on the host ended before it had answered for everything. */
export class ReceiverEnd extends Error {
  /** Absent: ended by a signal. */
  readonly code: number | undefined;
  readonly stderr: string;

  constructor(code: number | undefined, stderr: string) {
    super(code === undefined ? "ended by a signal" : `exit code ${code}`);
    this.name = "ReceiverEnd";
    this.code = code;
    this.stderr = stderr;
  }

  /**
   * Ended by a signal: by somebody, by the kernel for want of memory, or by its own fault. Nix 2.26's daemon once ended with
   * SIGSEGV when its input was cut while it started. A shell says it as 128 + signal.
   */
  get killed(): boolean {
    return this.code === undefined || signals.some((signal) => this.code === 128 + signal);
  }
}

/** Nix' own words: from the last `error:` on, without repetitions of the trace before it. */
export function lastWords(stderr: string): string {
  const text = stripVTControlCharacters(stderr).trim();
  const error = text.lastIndexOf("error:");
  return (error < 0 ? text.split("\n").slice(-5).join("\n") : text.slice(error)).slice(0, 2_000);
}
