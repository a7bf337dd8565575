import type { Command } from "commander";
import { SecretText, secretLineSchema } from "../deploy/ssh/secret-text.ts";
import { askSecret, readSecretLine } from "./ask-secret.ts";

/** Where the password for `sudo` on hosts comes from. It is in no argument: those are there for every user to read. */
export interface SudoOptions {
  readonly sudoPasswordStdin: boolean;
  readonly askSudoPassword: boolean;
}

/** Adds the options that say where the password for `sudo` comes from. */
export function withSudoOptions(command: Command): Command {
  return command
    .option("--ask-sudo-password", "ask on the terminal for the login user's password on the hosts", false)
    .option("--sudo-password-stdin", "read it from the first line of the standard input", false);
}

/** What the stack says of a password. */
export interface StatedPassword {
  readonly text?: string | undefined;
  /** It has one that could not be decrypted: who sits at a terminal is asked. */
  readonly hidden: boolean;
}

/**
 * The standard input's, the terminal's, else the stack's.
 * @throws {CommanderError} for one that cannot be a password, or a question that nobody can answer
 */
export async function readSudoPassword(
  { sudoPasswordStdin, askSudoPassword }: SudoOptions,
  stated: StatedPassword,
  command: Command,
  signal: AbortSignal,
): Promise<SecretText | undefined> {
  if (sudoPasswordStdin) return checked(await readSecretLine(), "the first line of the standard input", command);
  if (!askSudoPassword && !stated.hidden) return stated.text === undefined ? undefined : new SecretText(stated.text);
  const given = await askSecret("Password for sudo on the hosts (empty: none): ", signal);
  if (given !== undefined) return checked(given, "what was typed", command);
  if (askSudoPassword && !process.stdin.isTTY)
    command.error("error: nobody can be asked for a password here: use --sudo-password-stdin", { exitCode: 2 });
  return undefined;
}

function checked(text: string, what: string, command: Command): SecretText {
  const parsed = secretLineSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  return command.error(`error: ${what} is no password: expected a line of 1 to 1024 characters`, { exitCode: 2 });
}
