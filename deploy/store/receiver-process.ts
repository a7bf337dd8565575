import type { Writable } from "node:stream";
import { constants, createZstdCompress, type ZstdCompress } from "node:zlib";
import { type BoundedText, collectBounded } from "../ssh/bounded-text.ts";
import type { Elevation, RemoteCommand } from "../ssh/remote-command.ts";
import { asProcess } from "../ssh/socket-process.ts";
import type { RemoteProcess, SshHost } from "../ssh/ssh-host.ts";
import { Coalescer } from "./coalescer.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import type { Decoder } from "./wire.ts";
import { WireReader } from "./wire-reader.ts";

/** The line that receives. @param zstd - absolute path on the host; its output goes to a pipe in blocks, so answers lag behind. */
export function receiverCommand(argv: readonly string[], zstd: string | undefined): RemoteCommand {
  if (zstd === undefined) return argv;
  return ["/bin/sh", "-c", 'zstd=$1; shift; "$zstd" -dcq | "$@"', "receiver", zstd, ...argv];
}

/** A process on the host that reads requests and writes answers, whatever the protocol. */
export class ReceiverProcess implements AsyncDisposable {
  readonly out: Coalescer;
  readonly scope: AbortSignal;
  readonly #process: RemoteProcess;
  readonly #reader: WireReader;
  readonly #stderr: BoundedText;
  readonly #compressor: ZstdCompress | undefined;
  readonly #closed = new AbortController();
  /** Bytes handed to SSH, compressed or not. */
  bytesSent = 0;

  private constructor(process: RemoteProcess, compressed: boolean, scope: AbortSignal) {
    const { channel } = process;
    this.#process = process;
    this.scope = scope;
    this.#reader = new WireReader(channel);
    this.#stderr = collectBounded(channel.stderr, 64 * 1024, "tail");
    const onEnd = (): void => this.#closed.abort();
    process.ended.then(onEnd, onEnd);
    if (compressed) this.#compressor = this.#compressInto(channel);
    this.out = new Coalescer((chunk, release) => this.#write(chunk, release));
  }

  static async start(
    host: SshHost,
    elevation: Elevation,
    { argv, zstd }: { readonly argv: readonly string[]; readonly zstd?: string },
    signal: AbortSignal,
  ): Promise<ReceiverProcess> {
    const scope = AbortSignal.any([signal, host.dead]);
    const process = await host.start(receiverCommand(argv, zstd), elevation, scope);
    return new ReceiverProcess(process, zstd !== undefined, scope);
  }

  /** Speaks to who listens at a socket on the host, without a shell or a process of ours between. @throws {RemoteCommandError} */
  static async join(host: SshHost, socket: string, signal: AbortSignal): Promise<ReceiverProcess> {
    const scope = AbortSignal.any([signal, host.dead]);
    return new ReceiverProcess(asProcess(await host.open(socket, scope)), false, scope);
  }

  get compressed(): boolean {
    return this.#compressor !== undefined;
  }

  /** @throws {ReceiverEnd} when no more answers come. @throws {WireError} */
  async read<T>(decode: Decoder<T>): Promise<T> {
    return (await this.readOrEnd(decode)) ?? (await this.#ended());
  }

  /** @returns undefined at the end of the answers. */
  readOrEnd<T>(decode: Decoder<T>): Promise<T | undefined> {
    return this.#reader.read(decode, this.scope);
  }

  /** No more requests: what is on the way is worked off, then the receiver ends. */
  async end(): Promise<void> {
    await this.out.flush();
    // Not waited for: after the connection's death ssh2 1.17 calls no callback of a write.
    (this.#compressor ?? this.#process.channel).end();
  }

  /** The receiver's good end. @throws {ReceiverEnd} */
  async finished(): Promise<void> {
    const code = await untilAborted(this.#process.ended, this.scope);
    if (code !== 0) throw new ReceiverEnd(code, this.#stderr.text());
  }

  /** Its answers ended too early. */
  async #ended(): Promise<never> {
    const code = await untilAborted(this.#process.ended, this.scope);
    throw new ReceiverEnd(code, this.#stderr.text());
  }

  async #write(chunk: Uint8Array, release: () => void): Promise<void> {
    this.scope.throwIfAborted();
    if (this.#closed.signal.aborted) await this.#ended();
    if (this.#compressor === undefined) this.bytesSent += chunk.length;
    const stream = this.#compressor ?? this.#process.channel;
    if (stream.write(chunk, (error) => error ?? release())) return;
    await this.#drained(stream);
    if (this.#closed.signal.aborted) await this.#ended();
  }

  /** ssh2 1.17 emits no "drain" once the other end died: waiting for it alone hangs for ever. */
  #drained(stream: Writable): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onDrain = (): void => resolve();
    const onAbort = (): void => reject(this.scope.reason);
    stream.once("drain", onDrain);
    this.#closed.signal.addEventListener("abort", onDrain, { once: true });
    this.scope.addEventListener("abort", onAbort, { once: true });
    if (this.#closed.signal.aborted) resolve();
    if (this.scope.aborted) onAbort();
    return promise.finally(() => {
      stream.off("drain", onDrain);
      this.#closed.signal.removeEventListener("abort", onDrain);
      this.scope.removeEventListener("abort", onAbort);
    });
  }

  #compressInto(channel: Writable): ZstdCompress {
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    const compressor = createZstdCompress({ chunkSize: 256 * 1024, params });
    compressor.on("data", (chunk: Buffer) => {
      this.bytesSent += chunk.length;
    });
    compressor.pipe(channel);
    return compressor;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#compressor?.unpipe().destroy();
    if (!this.#closed.signal.aborted) this.#process.channel.close();
    return Promise.resolve();
  }
}

async function untilAborted<T>(promise: Promise<T>, scope: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  if (scope.aborted) onAbort();
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    scope.removeEventListener("abort", onAbort);
  }
}
