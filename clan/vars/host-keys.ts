import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetError } from "../../errors.ts";

/** A host key among the clan's vars that is no public key. */
export class HostKeyFormatError extends FleetError {
  readonly code = "FLEET_HOST_KEY_FORMAT";
}

/** A host key to pin, and the file that vouches for it. */
export interface PublishedHostKey {
  /** `ssh-ed25519 AAAA…`, without comment. */
  readonly key: string;
  readonly source: string;
}

const maximumBytes = 4096;

/**
 * The public half of a machine's SSH host key as clan publishes it.
 * Source: clan-core 26.05, service `sshd`: generator `openssh`, file `ssh.id_ed25519.pub`.
 * @param varsDir - the clan's `vars` folder.
 * @returns undefined when the machine has none there (clan publishes none for Macs).
 * @throws {HostKeyFormatError} when the file holds something else.
 */
export async function readHostKey(varsDir: string, machine: string): Promise<PublishedHostKey | undefined> {
  const source = join(varsDir, "per-machine", machine, "openssh", "ssh.id_ed25519.pub", "value");
  const text = await readFile(source, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  return text === undefined ? undefined : { key: parseHostKey(text, machine, source), source };
}

/** @throws {HostKeyFormatError} */
function parseHostKey(text: string, machine: string, source: string): string {
  const [type, blob, ...rest] = text.trim().split(/[ \t]+/);
  if (text.length <= maximumBytes && !text.trim().includes("\n") && type === "ssh-ed25519" && isEd25519(blob)) {
    return `${type} ${blob}`;
  }
  const secret = text.includes("PRIVATE KEY");
  throw new HostKeyFormatError({
    summary: `${machine}: its published host key is not an ed25519 public key`,
    expected: "one line: ssh-ed25519 <base64 of 51 bytes> [comment]",
    // Whatever lies here may be a secret by mistake: only its shape is told.
    found: secret
      ? "a private key"
      : `${text.length} characters in ${[type, blob, ...rest].filter(Boolean).length} words`,
    at: source,
    fix: `clan vars generate ${machine} --generator openssh --regenerate`,
  });
}

/** The blob names its own type and holds 32 bytes: 4 + 11 + 4 + 32. Source: RFC 8709 §4. */
function isEd25519(blob: string | undefined): boolean {
  if (blob === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return false;
  const bytes = Buffer.from(blob, "base64");
  return bytes.length === 51 && bytes.readUInt32BE(0) === 11 && bytes.toString("latin1", 4, 15) === "ssh-ed25519";
}
