import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { traced } from "../trace.ts";

/**
 * Asks on the terminal for a line that is not shown while it is typed.
 * @returns undefined where there is no terminal, or for an empty line. @throws the signal's reason, also for ^C
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return traced({ kind: "question", what: "a line that is not shown" }, () => askHidden(question, signal));
}

async function askHidden(question: string, signal: AbortSignal): Promise<string | undefined> {
  // As a terminal, so that it is in raw mode and echoes nothing; readline's own echo goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const dialogue = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(question); // now that nothing is echoed any more
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  dialogue.once("line", (line) => resolve(line === "" ? undefined : line));
  dialogue.once("SIGINT", () => process.kill(process.pid, "SIGINT")); // raw mode: the terminal does not send it
  dialogue.once("close", () => resolve(undefined));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    dialogue.close();
    process.stderr.write("\n");
  }
}

/** Characters; beyond them no end of the line is waited for. */
const longestSecret = 4096;

/** The first line of the standard input. */
export async function readSecretLine(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes("\n")) break;
    if (text.length > longestSecret) break; // far too long for one: the reader says so
  }
  return text.split(/\r?\n/, 1)[0] ?? "";
}
