import { execFile } from "node:child_process";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readHostKey } from "../clan/vars/host-keys.ts";
import type { Target } from "../deploy/ssh/connection-spec.ts";
import { type PinnedHostKey, pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";

const run = promisify(execFile);

/**
 * The keys that `machine` may show, from the first source that has any: the clan's vars, the stack's configuration, the
 * operator's known_hosts (Macs have no host key among the vars). Never asks the host itself.
 */
export async function readPinnedKeys(
  machine: string,
  target: Target,
  { varsDirectory, declared }: { varsDirectory: string; declared?: { key: string; definedAt: string } },
  signal: AbortSignal,
): Promise<readonly PinnedHostKey[]> {
  const stated = await readStatedKeys(machine, { varsDirectory, ...(declared === undefined ? {} : { declared }) });
  return stated.length > 0 ? stated : readKnownHosts(target, signal);
}

/** As `readPinnedKeys`, without known_hosts. @param machine - absent: not one of the fleet, so the vars have none. */
export async function readStatedKeys(
  machine: string | undefined,
  { varsDirectory, declared }: { varsDirectory: string; declared?: { key: string; definedAt: string } },
): Promise<readonly PinnedHostKey[]> {
  const fromVars = machine === undefined ? undefined : await readHostKey(varsDirectory, machine);
  if (fromVars !== undefined) return [pinnedHostKeySchema.parse(fromVars)];
  if (declared === undefined) return [];
  return [pinnedHostKeySchema.parse({ key: declared.key, source: declared.definedAt })];
}

/** Keys of a host in `~/.ssh/known_hosts`; ssh-keygen also finds hashed names. Source: ssh-keygen(1), OpenSSH 9.2, -F. */
export async function readKnownHosts(
  { address, port }: Target,
  signal: AbortSignal,
): Promise<readonly PinnedHostKey[]> {
  const file = path.join(homedir(), ".ssh", "known_hosts");
  const name = port === undefined || port === 22 ? address : `[${address}]:${port}`;
  try {
    const { stdout } = await run("ssh-keygen", ["-F", name, "-f", file], { signal, timeout: 5_000 });
    return parseKnownHosts(stdout).flatMap((key) => {
      const pinned = pinnedHostKeySchema.safeParse({ key, source: `${file} (${name})` });
      return pinned.success ? [pinned.data] : []; // key types that cannot be pinned (security keys) are no pin
    });
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Lines of `ssh-keygen -F`: `<names> <type> <base64>`; certificate authorities and revoked keys pin no single host. */
export function parseKnownHosts(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("@"))
    .flatMap((line) => {
      const [, type, key] = line.split(/\s+/);
      return type === undefined || key === undefined ? [] : [`${type} ${key}`];
    });
}

// ssh-keygen exits 1 when the host is not listed and 255 when there is no such file.
function isNotFound(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && (error.code === 1 || error.code === 255 || error.code === "ENOENT")
  );
}
