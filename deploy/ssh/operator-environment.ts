import { glob, readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import type { KnownHostsFile } from "./known-hosts.ts";

/** What the operator's own environment adds to a target. */
export interface OperatorEnvironment {
  readonly home: string;
  /** Login name; jump hosts are entered with it unless they name another, as OpenSSH does. */
  readonly user?: string;
  /** Text of `~/.ssh/config` with its includes; "" when there is none. */
  readonly sshConfig: string;
  /** `SSH_AUTH_SOCK`. */
  readonly agent?: string;
  /** Key files in ~/.ssh that exist, in the order in which OpenSSH tries them. */
  readonly defaultIdentities: readonly string[];
  /** The operator's and the system's known_hosts. */
  readonly knownHosts?: readonly KnownHostsFile[];
}

/** @param environment - the process's variables; only `SSH_AUTH_SOCK` is read. */
export async function readOperatorEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<OperatorEnvironment> {
  const home = homedir();
  const folder = join(home, ".ssh");
  const agent = environment["SSH_AUTH_SOCK"];
  const names = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(folder, name));
  const texts = await Promise.all(names.map(readIfThere));
  const hosts = [join(folder, "known_hosts"), join(folder, "known_hosts2"), "/etc/ssh/ssh_known_hosts"];
  const knownHosts = hosts.map(async (file) => ({ file, text: (await readIfThere(file)) ?? "" }));
  return {
    home,
    user: userInfo().username,
    knownHosts: await Promise.all(knownHosts),
    sshConfig: await readWithIncludes(join(folder, "config"), folder, home, 0),
    defaultIdentities: names.filter((_, index) => texts[index] !== undefined),
    ...(agent?.startsWith("/") ? { agent } : {}),
  };
}

/** The ssh-config package leaves `Include` alone; 16 levels are OpenSSH's own limit (readconf.c, READCONF_MAX_DEPTH). */
async function readWithIncludes(file: string, folder: string, home: string, depth: number): Promise<string> {
  const text = (await readIfThere(file)) ?? "";
  if (depth >= 16 || !/^\s*include[\s=]/im.test(text)) return text;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const patterns = /^\s*include[\s=]+(.*)$/i.exec(line)?.[1]?.split(/\s+/).filter(Boolean);
    if (patterns === undefined) {
      lines.push(line);
      continue;
    }
    for (const pattern of patterns) {
      const path = expandHome(pattern.replaceAll('"', ""), home);
      const matches = await Array.fromAsync(glob(isAbsolute(path) ? path : join(folder, path)));
      for (const match of matches.sort()) lines.push(await readWithIncludes(match, folder, home, depth + 1));
    }
  }
  return lines.join("\n");
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    // A key or config that the operator may not read serves as little as one that is not there.
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EACCES"].includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}

/** `~` and `%d` at the beginning. */
export function expandHome(path: string, home: string): string {
  return path.replace(/^(?:~|%d)(?=\/|$)/, home);
}
