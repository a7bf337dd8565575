import type { StorePath } from "../../local-nix/store-path.ts";
import type { PathInfo } from "./path-info.ts";
import {
  type Decoded,
  type Decoder,
  decodeString,
  decodeStrings,
  decodeU64,
  encodeString,
  encodeStrings,
  encodeU64,
  WireError,
} from "./wire.ts";

/**
 * The worker protocol, which Nix' daemon speaks, as far as a push needs it. We say 1.35: it tells who is trusted, Lix
 * accepts nothing older, and there is no exchange of features yet.
 *
 *     hello   ::= u64(0x6e697863) u64(version)   answered by u64(0x6478696f) u64(version)
 *                 u64(0) u64(0)                  by string(Nix version) u64(trust) messages
 *     query   ::= u64(31) strings(paths) u64(substitute)             by messages strings(valid ones)
 *     root    ::= u64(11) path                                       by messages u64(1)
 *     addNar  ::= u64(39) path deriver narHash references u64(registrationTime) u64(narSize) u64(ultimate) signatures
 *                 contentAddress u64(repair) u64(dontCheckSignatures) frame* u64(0)      by messages
 *     frame   ::= u64(length) length bytes of the archive, without padding
 *     messages::= any number of messages, then u64(0x616c7473), or an error
 *
 * Source: nix 2.34, src/libstore/include/nix/store/worker-protocol.hh, src/libstore/daemon.cc, worker-protocol-connection.cc.
 */
export const workerVersion = 0x123;

const any = Number.MAX_SAFE_INTEGER;
const longest = 2 ** 20;

export type Trust = "trusted" | "untrusted" | "unknown";

export interface DaemonHello {
  readonly version: number;
  readonly trust: Trust;
}

export function encodeWorkerHello(): Uint8Array {
  return Buffer.concat([encodeU64(0x6e697863), encodeU64(workerVersion), encodeU64(0), encodeU64(0)]);
}

/** @throws {WireError} below 1.35: its daemon says neither version nor trust in this place. */
export const decodeWorkerHello: Decoder<DaemonHello> = sequence(function* (read) {
  const magic = yield* read(decodeU64(any));
  if (magic !== 0x6478696f) throw new WireError("the worker protocol", "something else", 0);
  const version = yield* read(decodeU64(0xffff));
  if (version < workerVersion || version >> 8 !== 1) {
    throw new WireError("worker protocol 1.35 or later", `${version >> 8}.${version & 0xff}`, 8);
  }
  yield* read(decodeString(1_000));
  const trust = yield* read(decodeU64(2));
  return { version: workerVersion, trust: trust === 1 ? "trusted" : trust === 2 ? "untrusted" : "unknown" };
});

export function encodeWorkerQuery(paths: readonly StorePath[], substitute: boolean): Uint8Array {
  return Buffer.concat([encodeU64(31), encodeStrings(paths), encodeU64(Number(substitute))]);
}

export function encodeAddTempRoot(path: StorePath): Uint8Array {
  return Buffer.concat([encodeU64(11), encodeString(path)]);
}

/** What precedes the frames. */
export function encodeWorkerAdd(info: PathInfo): Uint8Array {
  return Buffer.concat([
    encodeU64(39),
    encodeString(info.path),
    encodeString(info.deriver ?? ""),
    encodeString(info.narHash),
    encodeStrings(info.references),
    encodeU64(info.registrationTime),
    encodeU64(info.narSize),
    encodeU64(0), // ultimate
    encodeStrings(info.signatures),
    encodeString(info.contentAddress ?? ""),
    encodeU64(0), // repair
    encodeU64(1), // no signatures needed: honoured for trusted users
  ]);
}

/** `last`: the request is done, and what it answers follows. */
export type DaemonMessage =
  | { readonly kind: "last" }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "log" };

const field: Decoder<unknown> = sequence(function* (read) {
  const isText = (yield* read(decodeU64(1))) === 1;
  return isText ? yield* read(decodeString(longest)) : yield* read(decodeNumber);
});

const fields: Decoder<unknown> = sequence(function* (read) {
  const count = yield* read(decodeU64(1_000));
  for (let index = 0; index < count; index++) yield* read(field);
  return count;
});

/** Activities' numbers use all 64 bits; nobody needs their value. */
const decodeNumber: Decoder<0> = (wire, offset) =>
  wire.length < offset + 8 ? undefined : { value: 0, next: offset + 8 };

export const decodeDaemonMessage: Decoder<DaemonMessage> = sequence(function* (read): Steps<DaemonMessage> {
  const kind = yield* read(decodeU64(any));
  switch (kind) {
    case 0x616c7473:
      return { kind: "last" };
    case 0x63787470:
      return { kind: "error", text: yield* read(decodeDaemonError) };
    case 0x6f6c6d67: // a line of log
      yield* read(decodeString(longest));
      return { kind: "log" };
    case 0x53545254: // an activity begins: number, level, kind, text, fields, parent
      for (const decode of [decodeNumber, decodeNumber, decodeNumber, decodeString(longest), fields, decodeNumber]) {
        yield* read<unknown>(decode);
      }
      return { kind: "log" };
    case 0x53544f50: // it ends
      yield* read(decodeNumber);
      return { kind: "log" };
    case 0x52534c54: // its result: number, kind, fields
      for (const decode of [decodeNumber, decodeNumber, fields]) yield* read<unknown>(decode);
      return { kind: "log" };
    default:
      throw new WireError("a message of the daemon", `0x${kind.toString(16)}`, 0);
  }
});

/** type, level, name, text, no position, traces: no position and text each. */
const decodeDaemonError: Decoder<string> = sequence(function* (read) {
  yield* read(decodeString(1_000));
  yield* read(decodeNumber);
  yield* read(decodeString(1_000));
  const text = yield* read(decodeString(longest));
  yield* read(decodeNumber);
  const traces = yield* read(decodeU64(10_000));
  for (let index = 0; index < traces; index++) {
    yield* read(decodeNumber);
    yield* read(decodeString(longest));
  }
  return text;
});

export const decodeWorkerValid: Decoder<readonly string[]> = decodeStrings(1_000_000, 4096);
export const decodeRooted: Decoder<number> = decodeU64(1);

type Steps<T> = Generator<typeof more, T, undefined>;
const more = Symbol("more bytes are needed");

/** One decoder out of several, in order: each `yield* read(decode)` reads one part. */
function sequence<T>(parts: (read: <P>(decode: Decoder<P>) => Steps<P>) => Steps<T>): Decoder<T> {
  return (wire, offset): Decoded<T> | undefined => {
    let at = offset;
    function* read<P>(decode: Decoder<P>): Steps<P> {
      const decoded = decode(wire, at);
      if (decoded === undefined) {
        yield more;
        throw new TypeError("a decoder went on without its bytes");
      }
      at = decoded.next;
      return decoded.value;
    }
    const step = parts(read).next();
    return step.done === true ? { value: step.value, next: at } : undefined;
  };
}
