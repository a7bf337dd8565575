import { ed25519 } from "@noble/curves/ed25519.js";
import { bech32 } from "@scure/base";

/**
 * The age recipient that an SSH host key stands for: its Ed25519 point as X25519, in Bech32.
 * Source: ssh-to-age 1.2, `convert.go`; RFC 7748 §4.1.
 * @param publicKey - `ssh-ed25519 AAAA…`.
 * @returns undefined for keys of other kinds, which age cannot use.
 */
export function sshRecipient(publicKey: string): string | undefined {
  const [type, blob = ""] = publicKey.split(" ");
  const bytes = Buffer.from(blob, "base64");
  // Source: RFC 8709 §4: 4 + 11 + 4 + 32 bytes.
  if (type !== "ssh-ed25519" || bytes.length !== 51) return undefined;
  const point = ed25519.utils.toMontgomery(Uint8Array.from(bytes.subarray(19)));
  return bech32.encode("age", bech32.toWords(point), false);
}
