import type { Writable } from "node:stream";
import { constants, createZstdCompress, type ZstdCompress } from "node:zlib";
import { collectBounded } from "../ssh/bounded-text.ts";
import type { Elevation, RemoteCommand } from "../ssh/remote-command.ts";
import type { RemoteProcess, SshHost } from "../ssh/ssh-host.ts";
import { Coalescer } from "./coalescer.ts";
import { writeNar } from "./nar-writer.ts";
import type { PathInfo } from "./path-info.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import {
  decodeAdded,
  decodeHello,
  decodeValidPaths,
  encodeAddToStoreNar,
  encodeHello,
  encodeQueryValidPaths,
  type ValidityQuery,
} from "./serve-messages.ts";
import { WireReader } from "./wire-reader.ts";

export interface ServeOptions {
  /** Store on the host in Nix' own words; absent: its default store. */
  readonly store?: string;
  /** Absolute path of the host's nix-store. */
  readonly nixStore: string;
  /** Absolute path of the host's zstd: the whole command stream goes through it. */
  readonly zstd?: string;
}

/** The line that receives. @param zstd - its output is a pipe's, written in blocks: answers lag behind. */
export function serveCommand({ nixStore, zstd, store }: ServeOptions): RemoteCommand {
  const serve = [nixStore, ...(store === undefined ? [] : ["--store", store]), "--serve", "--write"];
  if (zstd === undefined) return serve;
  return ["/bin/sh", "-c", 'zstd=$1; shift; "$zstd" -dcq | "$@"', "serve", zstd, ...serve];
}

/** One `nix-store --serve --write` on the host. Requests go out without waiting for the answers of earlier ones. */
export class ServeChannel implements AsyncDisposable {
  readonly #process: RemoteProcess;
  readonly #reader: WireReader;
  readonly #stderr: { text(): string };
  readonly #compressor: ZstdCompress | undefined;
  readonly #out: Coalescer;
  readonly #scope: AbortSignal;
  readonly #closed = new AbortController();
  /** Bytes handed to the channel, compressed or not. */
  bytesSent = 0;

  private constructor(process: RemoteProcess, options: ServeOptions, scope: AbortSignal) {
    const { channel } = process;
    this.#process = process;
    this.#scope = scope;
    this.#reader = new WireReader(channel);
    this.#stderr = collectBounded(channel.stderr, 64 * 1024, "tail");
    const onEnd = (): void => this.#closed.abort();
    process.ended.then(onEnd, onEnd);
    if (options.zstd !== undefined) this.#compressor = this.#compressInto(channel);
    this.#out = new Coalescer((chunk) => this.#write(chunk));
  }

  /** Starts a receiver and greets it. */
  static async open(
    host: SshHost,
    elevation: Elevation,
    options: ServeOptions,
    signal: AbortSignal,
  ): Promise<ServeChannel> {
    const scope = AbortSignal.any([signal, host.dead]);
    const process = await host.start(serveCommand(options), elevation, scope);
    const channel = new ServeChannel(process, options, scope);
    await channel.#out.put(encodeHello());
    return channel;
  }

  get compressed(): boolean {
    return this.#compressor !== undefined;
  }

  /** Which of the paths the host has; its answer to the greeting comes first. @throws {WireError} @throws {ReceiverEnd} */
  async query(query: ValidityQuery): Promise<ReadonlySet<string>> {
    await this.#out.put(encodeQueryValidPaths(query));
    await this.flush();
    await this.hello();
    return new Set((await this.#reader.read(decodeValidPaths, this.#scope)) ?? (await this.#ended()));
  }

  /** @returns the version that both speak. */
  async hello(): Promise<number> {
    return (await this.#reader.read(decodeHello, this.#scope)) ?? (await this.#ended());
  }

  /** Sends a path of the operator's store. @throws {NarError} when its files are not what the store says; the channel is then of no use. */
  async send(info: PathInfo): Promise<void> {
    await this.#out.put(encodeAddToStoreNar(info));
    await writeNar(info.path, info.narSize, this.#out, this.#scope);
  }

  /** @returns true when the host has added the oldest path that it had not answered for yet; undefined at the end of its answers. */
  added(): Promise<true | undefined> {
    return this.#reader.read(decodeAdded, this.#scope);
  }

  flush(): Promise<void> {
    return this.#out.flush();
  }

  /** No more requests: what is on the way is worked off, then the receiver ends. */
  async end(): Promise<void> {
    await this.flush();
    // Not waited for: after the connection's death ssh2 1.17 calls no callback of a write.
    (this.#compressor ?? this.#process.channel).end();
  }

  /** The receiver's good end. @throws {ReceiverEnd} */
  async finished(): Promise<void> {
    const code = await untilAborted(this.#process.ended, this.#scope);
    if (code !== 0) throw new ReceiverEnd(code, this.#stderr.text());
  }

  /** Its answers ended too early. */
  async #ended(): Promise<never> {
    const code = await untilAborted(this.#process.ended, this.#scope);
    throw new ReceiverEnd(code, this.#stderr.text());
  }

  async #write(chunk: Uint8Array): Promise<void> {
    this.#scope.throwIfAborted();
    if (this.#closed.signal.aborted) await this.#ended();
    if (this.#compressor === undefined) this.bytesSent += chunk.length;
    const stream = this.#compressor ?? this.#process.channel;
    if (stream.write(chunk)) return;
    await this.#drained(stream);
    if (this.#closed.signal.aborted) await this.#ended();
  }

  /** ssh2 1.17 emits no "drain" once the other end died: waiting for it alone hangs for ever. */
  #drained(stream: Writable): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onDrain = (): void => resolve();
    const onAbort = (): void => reject(this.#scope.reason);
    stream.once("drain", onDrain);
    this.#closed.signal.addEventListener("abort", onDrain, { once: true });
    this.#scope.addEventListener("abort", onAbort, { once: true });
    if (this.#closed.signal.aborted) resolve();
    if (this.#scope.aborted) onAbort();
    return promise.finally(() => {
      stream.off("drain", onDrain);
      this.#closed.signal.removeEventListener("abort", onDrain);
      this.#scope.removeEventListener("abort", onAbort);
    });
  }

  #compressInto(channel: Writable): ZstdCompress {
    const compressor = createZstdCompress({
      chunkSize: 256 * 1024,
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
    });
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
