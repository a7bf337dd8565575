import { quoteCommand } from "./shell-quote.ts";

/** What runs on a host: one program, or a script of ours for the host's POSIX shell. */
export type RemoteCommand = readonly string[] | RemoteScript;

/**
 * A script goes over stdin: it appears neither in the host's process list nor in its login shell's parser.
 * It must be one compound command, so that a script that was cut on the way runs not even in part.
 */
export interface RemoteScript {
  /** Name in messages. */
  readonly name: string;
  readonly text: string;
  /** `$1`, `$2`, …; visible in the process list: nothing secret. */
  readonly args?: readonly string[];
}

/** How commands become root: already so; through sudo without a question; or root only if that works (for reading). */
export type Elevation = "none" | "sudo" | "if-possible";

// Not `sudo -n true` beforehand by a round trip of its own: the shell that is there anyway decides.
const ifPossible =
  'if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then exec sudo -n -- /bin/sh -s -- "$@"; fi; exec /bin/sh -s -- "$@"';

/** A script is its shell's input. */
export function argvOf(command: RemoteCommand): readonly string[] {
  return "text" in command ? ["/bin/sh", "-s", "--", ...(command.args ?? [])] : command;
}

/** The line for sshd, which hands it to the login shell whatever that is. */
export function renderRemoteCommand(command: RemoteCommand, elevation: Elevation): string {
  const argv = argvOf(command);
  switch (elevation) {
    case "none":
      return quoteCommand(argv);
    case "sudo":
      return quoteCommand(["sudo", "-n", "--", ...argv]);
    case "if-possible":
      if (!("text" in command)) throw new TypeError("only a script can be elevated if possible");
      return quoteCommand(["/bin/sh", "-c", ifPossible, "sh", ...(command.args ?? [])]);
  }
}

/** Short form for messages. */
export function nameOf(command: RemoteCommand): string {
  return "text" in command ? command.name : command.slice(0, 3).join(" ");
}
