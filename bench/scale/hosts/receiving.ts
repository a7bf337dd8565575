import type { Readable, Writable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ServerChannel } from "ssh2";
import {
  type Decoder,
  decodeLine,
  decodeString,
  decodeStrings,
  decodeU64,
  encodeStrings,
  encodeU64,
} from "../../../deploy/store/wire.ts";
import { WireReader } from "../../../deploy/store/wire-reader.ts";
import { type HostMemory, isValid } from "./host-memory.ts";
import { programs } from "./requests.ts";

/** What a host's store counts and may refuse. */
export interface ReceivingSide {
  readonly host: HostMemory;
  /** Some of a path's bytes have come. */
  onBytes(bytes: number): void;
  /** Paths that the host will be sent, as far as it was asked about them. */
  onQuery(missing: number): void;
  /** Whether the host still lives at the end of this path. */
  admits(): boolean;
  /** Its connection is gone from one moment to the next. */
  hangUp(): void;
  onAdded(): void;
}

/** The stream says what a Nix store's protocol does not. */
export class StrangeRequest extends Error {}

/**
 * As scripts/validity.sh: what the host has to receive with, whether the toplevel is there, and the next question on the input
 * while it is; then the receiver.
 */
export async function answerValidity(
  side: ReceivingSide,
  [toplevel = "", store = "", receive = ""]: readonly string[],
  reader: WireReader,
  channel: ServerChannel,
  scope: AbortSignal,
): Promise<void> {
  if (store !== "") throw new StrangeRequest(`another store: ${store}`);
  const tools = ["nix-store", "nix-daemon", "zstd", "gzip"].map((tool) => `${tool}\t${programs}/${tool}\n`);
  channel.write(`${tools.join("")}uid\t0\n`);
  let wanted = toplevel;
  while (wanted !== "" && isValid(side.host, wanted)) {
    channel.write("valid\tyes\n");
    const next = await reader.read(decodeLine(4096), scope);
    if (next === undefined) return;
    wanted = next;
  }
  channel.write("free\t500000000\nvalid\tno\n");
  if (receive !== "none") await serve(side, reader, channel, scope);
}

/** `nix-store --serve --write`. @param isLane - it is told the encoding first. */
export async function serveReceiver(
  side: ReceivingSide,
  reader: WireReader,
  channel: ServerChannel,
  scope: AbortSignal,
  isLane: boolean,
): Promise<void> {
  if (!isLane) return serve(side, reader, channel, scope);
  const how = await reader.read(decodeLine(4096), scope);
  if (how === undefined) return; // opened ahead, and not needed
  if (how === "plain") return serve(side, reader, channel, scope);
  const makers = new Map([
    [`${programs}/zstd -dcq`, createZstdDecompress],
    [`${programs}/gzip -dc`, createGunzip],
  ]);
  const stage = makers.get(how)?.();
  if (stage === undefined) throw new StrangeRequest(`an encoding: ${how}`);
  await Promise.all([passOn(reader, stage, scope), serve(side, new WireReader(stage as Readable), channel, scope)]);
}

const decodeAll: Decoder<Uint8Array> = (wire, offset) =>
  wire.length > offset ? { value: wire.subarray(offset), next: wire.length } : undefined;

async function passOn(reader: WireReader, stage: Writable, scope: AbortSignal): Promise<void> {
  for (;;) {
    const piece = await reader.read(decodeAll, scope);
    if (piece === undefined) break;
    await new Promise<void>((resolve, reject) => stage.write(piece, (error) => (error ? reject(error) : resolve())));
  }
  stage.end();
}

const version = 0x207;
const [clientMagic, serverMagic] = [0x390c9deb, 0x5452eecb];
const anyU64 = decodeU64(Number.MAX_SAFE_INTEGER);
const text = decodeString(64 * 1024);
const texts = decodeStrings(1_000_000, 4096);

/**
 * The host's end of the serve protocol; deploy/store/serve-messages.ts has its grammar. A path's archive is counted and thrown away:
 * what is measured is who sends it.
 */
async function serve(side: ReceivingSide, reader: WireReader, channel: Writable, scope: AbortSignal): Promise<void> {
  /** @returns undefined only where the protocol may end. */
  const read = async <T>(decode: Decoder<T>): Promise<T> => {
    const value = await reader.read(decode, scope);
    if (value === undefined) throw new StrangeRequest("the end in the middle of a request");
    return value;
  };
  const hello = await reader.read(anyU64, scope);
  if (hello === undefined) return;
  if (hello !== clientMagic) throw new StrangeRequest(`a greeting: ${hello}`);
  await read(anyU64);
  channel.write(Buffer.concat([encodeU64(serverMagic), encodeU64(version)]));
  for (;;) {
    const command = await reader.read(anyU64, scope);
    if (command === undefined) return;
    if (command === 1) {
      await read(anyU64); // lock: nothing is collected here
      await read(anyU64); // substitute: there is nothing to fetch from
      const asked = await read(texts);
      const valid = asked.filter((path) => isValid(side.host, path));
      side.onQuery(asked.length - valid.length);
      channel.write(encodeStrings(valid));
    } else if (command === 9) {
      await addPath(side, read, channel, scope);
    } else throw new StrangeRequest(`command ${command} of the serve protocol`);
  }
}

async function addPath(
  side: ReceivingSide,
  read: <T>(decode: Decoder<T>) => Promise<T>,
  channel: Writable,
  scope: AbortSignal,
): Promise<void> {
  const path = await read(text);
  for (const decode of [text, text]) await read(decode); // deriver, hash
  await read(texts); // references
  await read(anyU64); // registration time
  let left = await read(anyU64);
  await read(anyU64); // ultimate
  await read(texts); // signatures
  await read(text); // content address
  const isAdmitted = side.admits();
  const stop = isAdmitted ? 0 : left / 2;
  while (left > stop) {
    const bytes = await read(decodeUpTo(left));
    left -= bytes;
    side.onBytes(bytes);
  }
  if (!isAdmitted) {
    side.hangUp();
    await aborted(scope);
  }
  side.host.received.add(path);
  side.onAdded();
  channel.write(encodeU64(1));
}

/** @throws the signal's reason, when that is aborted */
function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  if (signal.aborted) reject(signal.reason);
  return promise;
}

/** Consumes what is there. @returns how many bytes that was. */
function decodeUpTo(most: number): Decoder<number> {
  return (wire, offset) => {
    const bytes = Math.min(most, wire.length - offset);
    return bytes > 0 ? { value: bytes, next: offset + bytes } : undefined;
  };
}
