import { createInterface } from "node:readline/promises";
import { traced } from "../trace.ts";

/** Whether somebody sits at this process's terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks on the terminal for a line.
 * @returns without blanks around it; `""` for an empty line and for ^D. @throws the signal's reason, also for ^C
 */
export async function askLine(question: string, signal: AbortSignal): Promise<string> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  // The dialogue takes ^C from the terminal; without a listener it closes, and its question is never answered.
  dialogue.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const { promise: closed, resolve: onClose } = Promise.withResolvers<string>();
  dialogue.once("close", () => onClose("")); // ^D is no answer
  try {
    const ask = (): Promise<string> => Promise.race([dialogue.question(`${question} `, { signal }), closed]);
    const answer = await traced({ kind: "question", what: question }, ask);
    return answer.trim();
  } finally {
    dialogue.close();
  }
}
