import { createHash } from "node:crypto";
import { z } from "zod";

declare const hostKeyBrand: unique symbol;

/** A host's public key as `<type> <base64>`, without comment. Source: RFC 4253 §6.6, OpenSSH's sshd(8) "SSH_KNOWN_HOSTS". */
export type HostKey = string & { readonly [hostKeyBrand]: true };

/** A key that a host must show, and who says so. */
export interface PinnedHostKey {
  readonly key: HostKey;
  /** Where the pin came from, shown in errors: `vars/per-machine/galena/…/value`, `Pulumi.core.yaml: …`. */
  readonly source: string;
}

/** Signature algorithms by which a host may prove its key; ssh2 and OpenSSH know them by these names. Source: RFC 8332, RFC 8709. */
export type HostKeyAlgorithm = "ssh-ed25519" | `ecdsa-sha2-nistp${256 | 384 | 521}` | "rsa-sha2-512" | "rsa-sha2-256";

/** One key type has several signature algorithms: an RSA key signs with SHA-2 although its type says `ssh-rsa`. Source: RFC 8332. */
const algorithmsOfType: Readonly<Record<string, readonly HostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** @throws {TypeError} saying what is wrong; boundaries wrap it into their own error. */
export function parseHostKey(text: string): HostKey {
  const [type, base64] = text.trim().split(/[ \t]+/);
  if (type === undefined || base64 === undefined || text.trim().includes("\n")) {
    throw new TypeError("expected one line `<type> <base64> [comment]`");
  }
  if (!Object.hasOwn(algorithmsOfType, type)) {
    throw new TypeError(
      `expected a key of type ${Object.keys(algorithmsOfType).join(", ")}, found ${JSON.stringify(type)}`,
    );
  }
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")) {
    throw new TypeError("expected base64 after the key's type");
  }
  if (typeInside(blob) !== type) throw new TypeError(`the key's data is not of type ${type}`);
  return `${type} ${blob.toString("base64")}` as HostKey; // checked above: the only place that brands
}

/** The key that a server showed during the key exchange. @throws {TypeError} for a type that cannot be pinned. */
export function hostKeyFromBlob(blob: Uint8Array): HostKey {
  const buffer = Buffer.from(blob);
  return parseHostKey(`${typeInside(buffer) ?? "unreadable"} ${buffer.toString("base64")}`);
}

/** Public numbers of a key, by type: so many strings follow the nonce of a certificate. Source: PROTOCOL.certkeys, OpenSSH 9.2. */
const partsOfCertificate: Readonly<Record<string, number>> = {
  "ssh-ed25519-cert-v01@openssh.com": 1,
  "ecdsa-sha2-nistp256-cert-v01@openssh.com": 2,
  "ecdsa-sha2-nistp384-cert-v01@openssh.com": 2,
  "ecdsa-sha2-nistp521-cert-v01@openssh.com": 2,
  "ssh-rsa-cert-v01@openssh.com": 2,
};

/** The key inside a host certificate, or the key itself. @throws {TypeError} */
export function hostKeyFromCertificate(blob: Uint8Array): HostKey {
  const buffer = Buffer.from(blob);
  const type = typeInside(buffer) ?? "";
  if (!Object.hasOwn(partsOfCertificate, type)) return hostKeyFromBlob(blob);
  const plain = type.replace("-cert-v01@openssh.com", "");
  const strings = readStrings(buffer, 2 + (partsOfCertificate[type] ?? 0)).slice(2);
  return hostKeyFromBlob(Buffer.concat([Buffer.from(plain), ...strings].flatMap((one) => [lengthOf(one), one])));
}

function readStrings(blob: Buffer, count: number): Buffer[] {
  const strings: Buffer[] = [];
  let offset = 0;
  while (strings.length < count) {
    const end = offset + 4 <= blob.length ? offset + 4 + blob.readUInt32BE(offset) : Number.POSITIVE_INFINITY;
    if (end > blob.length) throw new TypeError("the certificate ends too early");
    strings.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return strings;
}

function lengthOf(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return length;
}

/** `SHA256:…` as OpenSSH prints it. */
export function fingerprint(key: HostKey): string {
  const [, base64 = ""] = key.split(" ");
  return `SHA256:${createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "")}`;
}

export function hostKeyType(key: HostKey): string {
  return key.slice(0, key.indexOf(" "));
}

/** What to offer in the key exchange: a server with several keys must show one of those that are pinned. */
export function serverHostKeyAlgorithms(keys: readonly HostKey[]): HostKeyAlgorithm[] {
  const types = keys.length === 0 ? Object.keys(algorithmsOfType) : keys.map(hostKeyType);
  return [...new Set(types.flatMap((type) => algorithmsOfType[type] ?? []))];
}

export const hostKeySchema = z.string().transform((text, context): HostKey => {
  try {
    return parseHostKey(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

export const pinnedHostKeySchema = z.strictObject({ key: hostKeySchema, source: z.string().min(1) });

function typeInside(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return length <= 64 && blob.length >= 4 + length ? blob.toString("latin1", 4, 4 + length) : undefined;
}
