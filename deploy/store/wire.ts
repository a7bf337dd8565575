/**
 * The primitive types of Nix' protocols, without I/O: bytes in, a value or undefined (more bytes needed) out.
 *
 *     u64     ::= 8 bytes, little endian
 *     string  ::= u64(length) payload zeros-to-a-multiple-of-8
 *     strings ::= u64(count) string*
 *
 * Source: nix 2.34, src/libutil/serialise.cc.
 */

/** What a peer sent is not what the protocol says. Never leaves this folder: callers say to whom it happened. */
export class WireError extends Error {
  readonly expected: string;
  readonly found: string;
  readonly offset: number;

  constructor(expected: string, found: string, offset: number) {
    super(`expected ${expected}, found ${found} at byte ${offset}`);
    this.name = "WireError";
    this.expected = expected;
    this.found = found;
    this.offset = offset;
  }
}

export interface Decoded<T> {
  readonly value: T;
  /** Offset after it. */
  readonly next: number;
}

/** @returns undefined when more bytes are needed. @throws {WireError} */
export type Decoder<T> = (wire: Uint8Array, offset: number) => Decoded<T> | undefined;

export function encodeU64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** @param max - largest value accepted. */
export function decodeU64(max: number): Decoder<number> {
  return (wire, offset) => {
    if (wire.length < offset + 8) return undefined;
    const value = new DataView(wire.buffer, wire.byteOffset).getBigUint64(offset, true);
    if (value > max) throw new WireError(`at most ${max}`, String(value), offset);
    return { value: Number(value), next: offset + 8 };
  };
}

export function encodeString(text: string | Uint8Array): Uint8Array {
  const payload = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  const bytes = new Uint8Array(8 + padded(payload.length));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(payload.length), true);
  bytes.set(payload, 8);
  return bytes;
}

/**
 * @param max - largest payload accepted, in bytes; checked before the payload is awaited.
 * @returns decoder of a view on the payload.
 */
export function decodeBytes(max: number): Decoder<Uint8Array> {
  const decodeLength = decodeU64(Number.MAX_SAFE_INTEGER);
  return (wire, offset) => {
    const length = decodeLength(wire, offset);
    if (length === undefined) return undefined;
    if (length.value > max) throw new WireError(`at most ${max} bytes`, `a string of ${length.value}`, offset);
    const end = length.next + length.value;
    const next = length.next + padded(length.value);
    if (wire.length < next) return undefined;
    if (wire.subarray(end, next).some((byte) => byte !== 0)) throw new WireError("zero padding", "other bytes", end);
    return { value: wire.subarray(length.next, end), next };
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As `decodeBytes`, for text. */
export function decodeString(max: number): Decoder<string> {
  const decode = decodeBytes(max);
  return (wire, offset) => {
    const bytes = decode(wire, offset);
    if (bytes === undefined) return undefined;
    try {
      return { value: utf8.decode(bytes.value), next: bytes.next };
    } catch (error) {
      if (error instanceof TypeError) throw new WireError("UTF-8", "other bytes", offset + 8);
      throw error;
    }
  };
}

export function encodeStrings(texts: readonly string[]): Uint8Array {
  return Buffer.concat([encodeU64(texts.length), ...texts.map(encodeString)]);
}

/** @param maxCount - most strings accepted, @param max - bytes of each. */
export function decodeStrings(maxCount: number, max: number): Decoder<readonly string[]> {
  const decodeCount = decodeU64(maxCount);
  const decode = decodeString(max);
  return (wire, offset) => {
    const count = decodeCount(wire, offset);
    if (count === undefined) return undefined;
    // An item is 8 bytes at least: a count that lies costs no loop and no memory.
    if (wire.length < count.next + count.value * 8) return undefined;
    const value: string[] = [];
    let next = count.next;
    for (let index = 0; index < count.value; index++) {
      const item = decode(wire, next);
      if (item === undefined) return undefined;
      value.push(item.value);
      next = item.next;
    }
    return { value, next };
  };
}

/** Rounded up to a multiple of 8. */
export function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/** Text up to a line feed, for what scripts answer before a protocol begins. @param max - bytes of the line. */
export function decodeLine(max: number): Decoder<string> {
  return (wire, offset) => {
    const end = wire.indexOf(0x0a, offset);
    if ((end < 0 ? wire.length : end) - offset > max)
      throw new WireError(`at most ${max} bytes`, "a longer line", offset);
    return end < 0 ? undefined : { value: Buffer.from(wire.subarray(offset, end)).toString("utf8"), next: end + 1 };
  };
}
