import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Places } from "../../../local-nix/places.ts";
import { printingFunction } from "../../activation/scripts.ts";
import { composeText } from "../../host-script.ts";
import type { RemoteScript } from "../../ssh/remote-command.ts";
import type { SshHost } from "../../ssh/ssh-host.ts";
import { Coalescer } from "../coalescer.ts";
import { writeNar } from "../nar-writer.ts";
import type { PathChannel } from "../path-channel.ts";
import { type PathInfo, sizeOf } from "../path-info.ts";
import type { Receiver } from "../receiver.ts";
import { ReceiverProcess } from "../receiver-process.ts";
import { sendPaths, type Tally } from "../send-paths.ts";
import { ServeChannel } from "../serve-channel.ts";
import { encodeAddToStoreNar, encodeHello } from "../serve-messages.ts";
import { decodeLine } from "../wire.ts";
import { DeltaEncoder } from "./delta-encoder.ts";

/** Each takes three times its stage of memory here: some 70 MB, and 360 MB where one path has 120 MiB. */
const atOnce = Math.min(8, Math.max(2, Math.floor(totalmem() / 2 ** 31)));
const places = new Places(atOnce);
/** Archives lie in the temporary folder, which is memory on many machines: for a stage that is sent and for the one after it. */
const preparations = new Places(2 * atOnce);

/** What a host puts differences together with. */
export type DeltaReceiver = Pick<Receiver, "nixStore" | "elevation"> & { readonly zstd: string };

export interface DeltaSending {
  readonly host: SshHost;
  readonly receiver: DeltaReceiver;
  /** Keeps what is there; nothing goes over it. */
  readonly lock: PathChannel;
  /** Called when the host has added a path. */
  readonly onAdded: (info: PathInfo) => void;
  readonly tally: Tally;
}

/** The receiver of a stage's differences. */
export function receiveScript(
  { nixStore, zstd }: Pick<DeltaReceiver, "nixStore" | "zstd">,
  references: readonly PathInfo[],
): RemoteScript {
  const old = printingFunction("old_paths", references.map(({ path }) => path).join("\n"));
  const text = composeText([new URL("./receive-delta.sh", import.meta.url)]);
  const args = [nixStore, zstd, String(sizeOf(references))];
  return { name: "pulumi-clan receive-delta", text: `{\n${old}${text}\nexit\n}\n`, args };
}

/** Bytes of a conversation that adds the paths and asks nothing else. */
export function conversationBytes(paths: readonly PathInfo[]): number {
  const heads = paths.reduce((sum, info) => sum + encodeAddToStoreNar(info).length, encodeHello().length);
  return heads + sizeOf(paths);
}

/** Both ends have a stage's references together, and its receiver waits for differences. Disposal ends it, and removes them. */
export interface PreparedDelta extends AsyncDisposable {
  readonly process: ReceiverProcess;
  /** What differences are made from. */
  readonly file: string;
}

/** @throws whatever stood against it */
export async function prepareDelta(
  references: readonly PathInfo[],
  { host, receiver, tally }: Pick<DeltaSending, "host" | "receiver" | "tally">,
  signal: AbortSignal,
): Promise<PreparedDelta> {
  await using stack = new AsyncDisposableStack();
  stack.use(await preparations.take(AbortSignal.any([signal, host.dead])));
  const script = receiveScript(receiver, references);
  const folder = await mkdtemp(join(tmpdir(), "pulumi-clan-delta-")); // for its owner alone
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "archives");
  const writing = writeArchives(references, file, signal); // while the host does the same
  const written = writing.catch(() => undefined); // it may fail before it is waited for
  stack.defer(async () => void (await written));
  const process = stack.use(await ReceiverProcess.start(host, receiver.elevation, { kind: "script", script }, signal));
  tally.bytesSent += script.text.length;
  await writing;
  while ((await process.read(decodeLine(4 * 1024))) !== "ready");
  const kept = stack.move();
  return { process, file, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * Sends a stage as differences. The host's Nix reads what zstd makes of them as if it had come that way: it compares every
 * path's hash, and adds none that is another.
 * @throws whatever stood against it; what was added by then stays, and `onAdded` knows of it
 */
export async function sendDelta(
  paths: readonly PathInfo[],
  { process, file }: PreparedDelta,
  { lock, onAdded, tally }: Pick<DeltaSending, "lock" | "onAdded" | "tally">,
  signal: AbortSignal,
): Promise<void> {
  using _place = await places.take(signal);
  const encoders: DeltaEncoder[] = [];
  process.through((channel, onPiece) => {
    const encoder = new DeltaEncoder(channel, file, conversationBytes(paths), onPiece);
    encoders.push(encoder);
    return encoder;
  });
  try {
    const open = (): Promise<PathChannel> => ServeChannel.greet(process);
    await sendPaths({ open, lock, paths, channels: 1, onAdded, tally }, signal);
  } catch (error) {
    throw encoders[0]?.errored ?? error;
  }
}

/** One archive after another, into a file that is for its owner alone. @throws {NarError} */
export async function writeArchives(paths: readonly PathInfo[], file: string, signal: AbortSignal): Promise<void> {
  await using handle = await open(file, "wx", 0o600);
  const out = new Coalescer(async (chunk, release) => {
    for (let offset = 0; offset < chunk.length; ) {
      offset += (await handle.write(chunk, offset)).bytesWritten;
    }
    release();
  });
  for (const { path, narSize } of paths) await writeNar(path, narSize, out, signal);
  await out.flush();
}
