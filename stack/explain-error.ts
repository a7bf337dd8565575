import { inspect } from "node:util";
import { FleetError, FleetErrors, plainText } from "../errors.ts";

export interface Explaining {
  /** How the reader gets the trace, e.g. `--debug`. */
  readonly how: string;
  /** It was asked for: stacks are shown. */
  readonly debug: boolean;
}

/**
 * What a person is told of an error, whatever it is: it ends with what to do, and shows a stack only to who asked for it.
 * Nothing in it is for a terminal to obey: errors of others quote what a server or a host said.
 */
export function explainError(error: unknown, how: Explaining): string {
  return plainText(explained(error, how));
}

function explained(error: unknown, { how, debug }: Explaining): string {
  const text = isUnreached(error) ? `${error.message}: ${reasonOf(error.cause)}` : messageOf(error);
  if (error instanceof FleetError || error instanceof FleetErrors) return debug ? `${text}\n\n${stackOf(error)}` : text;
  if (debug) return `${text}\n\n${inspect(error)}`;
  return `${text}\n  fix:      ${adviceFor(error, how)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What `fetch` throws where it gets no answer, or not all of it: why is in its cause.
 * Source: Node.js 24, undici, lib/web/fetch/index.js.
 */
function isUnreached(error: unknown): error is Error & { readonly cause: Error } {
  if (!(error instanceof TypeError && error.cause instanceof Error)) return false;
  return error.message === "fetch failed" || error.message === "terminated";
}

/** A name of several addresses fails with an error for each of them and no words of its own. */
function reasonOf(cause: Error): string {
  if (cause.message !== "") return cause.message;
  return cause instanceof AggregateError ? cause.errors.map(messageOf).join(", ") : cause.name;
}

function adviceFor(error: unknown, how: string): string {
  if (error instanceof Error) {
    // A service's refusal knows more than that it is no bug.
    if ("advice" in error && typeof error.advice === "string") return error.advice;
    if ("syscall" in error)
      return `this machine said so: correct what it names and run it again; where that was is told with ${how}`;
    if (isUnreached(error)) return "a server was not reached: run it again when it can be";
    // Node's timers throw an AbortError of their own for a deadline, with what passed as its cause.
    if ([error, error.cause].some((one) => one instanceof Error && one.name === "TimeoutError"))
      return `see with ${how} what did not answer in time, then run it again`;
  }
  return `this is a bug of pulumi-clan, not of your fleet: run it again with ${how}, and report what that prints`;
}

/** Without the message, which stands above it. */
function stackOf(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const cause = error.cause === undefined ? [] : [`caused by ${inspect(error.cause)}`];
  return [...frames, ...cause].join("\n");
}
