import type { Command } from "commander";
import { askLine, canAsk } from "./ask-line.ts";

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
  if (!canAsk()) command.error(`error: ${question} Nobody can be asked here: say --yes`, { exitCode: 2 });
  return /^y(es)?$/i.test(await askLine(`${question} [y/N]`, signal));
}
