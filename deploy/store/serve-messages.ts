import type { StorePath } from "../../local-nix/store-path.ts";
import type { PathInfo } from "./path-info.ts";
import { type Decoder, decodeStrings, decodeU64, encodeString, encodeStrings, encodeU64, WireError } from "./wire.ts";

/**
 * The serve protocol, which `nix-store --serve --write` speaks: 2.7 in Nix 2.4–2.34 and Lix; the lower version wins.
 *
 *     hello    ::= u64(0x390c9deb) u64(version)          answered by u64(0x5452eecb) u64(version)
 *     query    ::= u64(1) u64(lock) u64(substitute) strings(paths)        by strings(valid ones)
 *     addNar   ::= u64(9) path deriver narHash references u64(registrationTime) u64(narSize) u64(ultimate)
 *                  signatures contentAddress nar                          by u64(1)
 *
 * Commands are read one after the other, so they may be sent ahead of the answers. A failing one ends the process; why
 * stands on its stderr. Source: nix 2.34, src/libstore/include/nix/store/serve-protocol.hh, src/nix/nix-store/nix-store.cc.
 */
export const serveVersion = 0x207;
/** Nix 2.2; older ones cannot be asked to add a path at all. */
export const oldestServeVersion = 0x205;

const clientMagic = 0x390c9deb;
const serverMagic = 0x5452eecb;
const longestPath = 4096;
const mostPaths = 1_000_000;

export function encodeHello(): Uint8Array {
  return Buffer.concat([encodeU64(clientMagic), encodeU64(serveVersion)]);
}

/** @returns the version that both speak. */
export const decodeHello: Decoder<number> = (wire, offset) => {
  const magic = decodeU64(Number.MAX_SAFE_INTEGER)(wire, offset);
  if (magic === undefined) return undefined;
  if (magic.value !== serverMagic) throw new WireError("the serve protocol", "something else", offset);
  const version = decodeU64(0xffff)(wire, magic.next);
  if (version === undefined) return undefined;
  if (version.value < oldestServeVersion || version.value >> 8 !== serveVersion >> 8) {
    throw new WireError("serve protocol 2.5 or later", `${version.value >> 8}.${version.value & 0xff}`, offset + 8);
  }
  return { value: Math.min(version.value, serveVersion), next: version.next };
};

export interface ValidityQuery {
  /** Keep what is valid from being collected while the process lives. */
  readonly lock: boolean;
  /** The host fetches what its own caches have first. */
  readonly substitute: boolean;
  readonly paths: readonly StorePath[];
}

export function encodeQueryValidPaths({ lock, substitute, paths }: ValidityQuery): Uint8Array {
  return Buffer.concat([encodeU64(1), encodeU64(Number(lock)), encodeU64(Number(substitute)), encodeStrings(paths)]);
}

export const decodeValidPaths: Decoder<readonly string[]> = decodeStrings(mostPaths, longestPath);

/** What precedes the archive. */
export function encodeAddToStoreNar(info: PathInfo): Uint8Array {
  return Buffer.concat([
    encodeU64(9),
    encodeString(info.path),
    encodeString(info.deriver ?? ""),
    encodeString(info.narHash),
    encodeStrings(info.references),
    encodeU64(info.registrationTime),
    encodeU64(info.narSize),
    encodeU64(0), // ultimate: built by this very host, which it was not
    encodeStrings(info.signatures),
    encodeString(info.contentAddress ?? ""),
  ]);
}

export const decodeAdded: Decoder<true> = (wire, offset) => {
  const answer = decodeU64(Number.MAX_SAFE_INTEGER)(wire, offset);
  if (answer === undefined) return undefined;
  if (answer.value !== 1) throw new WireError("1 for a path that was added", String(answer.value), offset);
  return { value: true, next: answer.next };
};
