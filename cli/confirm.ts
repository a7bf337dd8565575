import { createInterface } from "node:readline/promises";
import type { Command } from "commander";

/**
 * Asks before hosts are touched. Without a terminal nobody can answer: then `--yes` is wanted, as wrong usage.
 * @returns whether to go on.
 */
export async function confirmed(
  question: string,
  { yes }: { readonly yes: boolean },
  command: Command,
  signal: AbortSignal,
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    command.error(`error: ${question} Nobody can be asked here: say --yes`, { exitCode: 2 });
  }
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  // The dialogue takes ^C from the terminal; without a listener it closes, and its question is never answered.
  dialogue.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const { promise: closed, resolve: onClose } = Promise.withResolvers<string>();
  dialogue.once("close", () => onClose("")); // ^D is no answer
  try {
    const answer = await Promise.race([dialogue.question(`${question} [y/N] `, { signal }), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
