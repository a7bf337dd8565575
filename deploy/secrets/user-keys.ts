import { posix } from "node:path";
import { z } from "zod";
import { composeScript } from "../host-script.ts";
import { quoteCommand, quoteWord } from "../ssh/shell-quote.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const script = [new URL("./scripts/user-keys.sh", import.meta.url)];

/** Where a user's home looks for the key of its own secrets. */
export interface UserKey {
  readonly user: string;
  /** Absolute. */
  readonly path: string;
}

/** What is wrong with one: not there, somebody else's, or readable by others. */
export interface UserKeyProblem extends UserKey {
  readonly problem: "missing" | "owner" | "mode";
}

const problemSchema = z
  .tuple([z.enum(["missing", "owner", "mode"]), z.string(), z.string()])
  .transform(([problem, user, path]): UserKeyProblem => ({ problem, user, path }));

/** Looks at existence, owner and mode, never at what is in it. Without root's rights at the login user's own alone. */
export async function lookAtUserKeys(
  host: Pick<SshHost, "exec">,
  keys: readonly UserKey[],
  signal: AbortSignal,
): Promise<readonly UserKeyProblem[]> {
  if (keys.length === 0) return [];
  const command = composeScript(
    "user keys",
    script,
    keys.flatMap(({ user, path }) => [user, path]),
  );
  const { code, stdout } = await host.exec(command, { elevation: "if-possible", deadlineSeconds: 30 }, signal);
  if (code !== 0) return [];
  return stdout.split("\n").flatMap((line) => problemSchema.safeParse(line.split("\t")).data ?? []);
}

/** One line, with the command that mends it: names and paths are the configuration's, and somebody may copy it into a shell. */
export function renderUserKeyProblem(machine: string, { problem, user, path }: UserKeyProblem): string {
  const command = (...words: readonly string[]): string => quoteCommand(["fleet", "ssh", machine, "--", ...words]);
  switch (problem) {
    case "missing": {
      const write = `umask 077; mkdir -p ${quoteWord(posix.dirname(path))}; cat >${quoteWord(path)}`;
      return `the home of ${user} has no key for its own secrets; bring it: ${command("sudo", "-u", user, "sh", "-c", write)} <keys.txt`;
    }
    case "owner":
      return `${path} is not ${user}'s own: ${command("chown", user, path)}`;
    case "mode":
      return `${path} can be read by others: ${command("chmod", "600", path)}`;
  }
}
