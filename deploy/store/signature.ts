import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { PathInfo } from "./path-info.ts";

/** Keys by name; the text before a signature's colon says which. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** A key that signs store paths. */
export interface SigningKey {
  readonly name: string;
  readonly key: KeyObject;
}

/**
 * `<name>:<base64 of 64 bytes>`, as `nix key generate-secret` writes it: Ed25519's seed and its public key.
 * @throws {TypeError} without a word of the text. Source: nix 2.34, src/libutil/signature/local-keys.cc.
 */
export function parseSigningKey(text: string): SigningKey {
  const [name, bytes] = nameAndBytes(text);
  if (name === undefined || bytes?.length !== 64) throw new TypeError("expected <name>:<base64 of 64 bytes>");
  const jwk = { kty: "OKP", crv: "Ed25519", d: bytes.toString("base64url", 0, 32), x: bytes.toString("base64url", 32) };
  return { name, key: createPrivateKey({ key: jwk, format: "jwk" }) };
}

/** `<name>:<base64 of 32 bytes>` with blanks between; what is none is left out: a host may have keys of other kinds. */
export function parsePublicKeys(text: string): PublicKeys {
  const keys = new Map<string, KeyObject>();
  for (const word of text.split(/\s+/)) {
    const [name, bytes] = nameAndBytes(word);
    if (name === undefined || bytes?.length !== 32) continue;
    const jwk = { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") };
    keys.set(name, createPublicKey({ key: jwk, format: "jwk" }));
  }
  return keys;
}

/** `<key's name>:<base64>` over what the store knows of the path. */
export function signPath(info: PathInfo, { name, key }: SigningKey): string {
  return `${name}:${sign(null, Buffer.from(fingerprintOf(info)), key).toString("base64")}`;
}

/** Whether one of the path's signatures is good, by a key of these. */
export function isSignedBy(info: PathInfo, keys: PublicKeys): boolean {
  return info.signatures.some((signature) => {
    const [name, bytes] = nameAndBytes(signature);
    const key = name === undefined ? undefined : keys.get(name);
    return key !== undefined && bytes?.length === 64 && verify(null, Buffer.from(fingerprintOf(info)), key, bytes);
  });
}

/** What is signed. Source: nix 2.34, src/libstore/path-info.cc, ValidPathInfo::fingerprint. */
export function fingerprintOf({ path, narHash, narSize, references }: PathInfo): string {
  return `1;${path};sha256:${nixBase32(Buffer.from(narHash, "hex"))};${narSize};${[...references].sort().join(",")}`;
}

function nameAndBytes(text: string): readonly [string | undefined, Buffer | undefined] {
  const parts = /^(?<name>[^\s:]+):(?<base64>[A-Za-z0-9+/]+={0,2})$/.exec(text.trim())?.groups;
  return [parts?.["name"], parts === undefined ? undefined : Buffer.from(parts["base64"] ?? "", "base64")];
}

const digits = "0123456789abcdfghijklmnpqrsvwxyz";

/** Nix' own base 32: the last five bits come first. Source: nix 2.34, src/libutil/base-nix-32.cc. */
export function nixBase32(bytes: Uint8Array): string {
  let text = "";
  for (let digit = Math.ceil((bytes.length * 8) / 5) - 1; digit >= 0; digit--) {
    const [byte, bit] = [Math.floor((digit * 5) / 8), (digit * 5) % 8];
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8);
    text += digits[(word >> bit) & 31];
  }
  return text;
}
