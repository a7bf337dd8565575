import { randomBytes } from "node:crypto";
import { SudoError } from "../errors.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import type { SecretText } from "./secret-text.ts";
import { quoteCommand } from "./shell-quote.ts";

/** How a login user's commands become root. */
export type SudoWay =
  | { readonly kind: "without-question" }
  | { readonly kind: "with-password"; readonly password: SecretText };

/** A command line, and what must come before the command's own input. */
export interface ElevatedLine {
  readonly line: string;
  readonly preamble: string;
}

// sudo reads the password from the same stream as the command its input, and reads none when it needs none. So a mark
// follows the password, and what stands before the mark never reaches the command, let alone a shell that would run it.
// `read` takes byte by byte from a pipe (POSIX), as sudo does: nothing behind the mark is lost.
const pastTheMark =
  'IFS= read -r line; [ "$line" = "$0" ] || IFS= read -r line; [ "$line" = "$0" ] || exit 125; exec "$@"';

/** Source: sudo(8) 1.9: `-k` with a command ignores and keeps what it remembers, `-S` reads one line, `-p ''` says nothing. */
export function elevate(argv: readonly string[], way: SudoWay): ElevatedLine {
  if (way.kind === "without-question") return { line: quoteCommand(["sudo", "-n", "--", ...argv]), preamble: "" };
  const mark = `mark-${randomBytes(12).toString("hex")}`;
  return {
    line: quoteCommand(["sudo", "-k", "-S", "-p", "", "--", "/bin/sh", "-c", pastTheMark, mark, ...argv]),
    preamble: `${way.password.reveal()}\n${mark}\n`,
  };
}

/** First line: root already, or sudo asks nothing. Later `sudo -n` alone is used for these. */
export const probeWithoutQuestion = ["sudo", "-n", "--", "true"];

/** Only the password and the end of the input: a wrong one counts as one attempt, not as three. */
export const probeWithPassword = ["sudo", "-k", "-S", "-p", "", "--", "true"];

/** @param found - what sudo said. */
export function sudoFailed(spec: ConnectionSpec, found: string): SudoError {
  return new SudoError({
    summary: `${spec.machine}: user ${spec.user} cannot become root on the host`,
    expected:
      spec.sudoPassword === undefined ? "sudo that asks for no password" : "sudo that takes the password of the stack",
    found,
    at: renderAddress(spec),
    fix:
      spec.sudoPassword === undefined
        ? `log in as root, allow ${spec.user} sudo without a password (security.sudo.wheelNeedsPassword = false), or give the password as a secret`
        : "correct the password, or log in as root",
  });
}
