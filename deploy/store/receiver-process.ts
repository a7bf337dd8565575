import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { untilAborted } from "../../until-aborted.ts";
import { type BoundedText, collectBounded } from "../ssh/bounded-text.ts";
import type { Elevation, RemoteCommand, RemoteScript } from "../ssh/remote-command.ts";
import { asProcess } from "../ssh/socket-process.ts";
import type { RemoteProcess, SshHost } from "../ssh/ssh-host.ts";
import { Coalescer } from "./coalescer.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import { type Compression, RequestCompressor } from "./request-compressor.ts";
import type { Decoder } from "./wire.ts";
import { WireReader } from "./wire-reader.ts";

/** How the requests of a receiver come. */
export type Encoding =
  | { readonly kind: "plain" }
  /** @param tool - absolute path on the host; its output goes to a pipe in blocks, so answers lag behind. */
  | (Compression & { readonly tool: string });

/** What receives on the host. A script's input goes on as the receiver's once it has answered. */
export type ReceiverCommand =
  | { readonly kind: "direct"; readonly argv: readonly string[] }
  /** It is told the encoding by its first line: it may be started before the way is measured. */
  | { readonly kind: "lane"; readonly argv: readonly string[] }
  | { readonly kind: "script"; readonly script: RemoteScript };

// Word for word: of its two words the first is a path that was checked. `read` takes no byte after the line's end.
const laneScript = 'IFS= read -r how && case $how in plain) exec "$@" ;; *) $how | "$@" ;; esac';

function renderCommand(command: ReceiverCommand): RemoteCommand {
  switch (command.kind) {
    case "direct":
      return command.argv;
    case "lane":
      return ["/bin/sh", "-c", laneScript, "receiver", ...command.argv];
    case "script":
      return command.script;
  }
}

/** A process on the host that reads requests and writes answers, whatever the protocol. */
export class ReceiverProcess implements AsyncDisposable {
  readonly out: Coalescer;
  readonly #process: RemoteProcess;
  readonly #dead: AbortSignal;
  readonly #reader: WireReader;
  readonly #stderr: BoundedText;
  readonly #closed = new AbortController();
  #scope: AbortSignal;
  #compressor: Writable | undefined;
  /** Bytes handed to SSH, compressed or not. */
  bytesSent = 0;

  private constructor(process: RemoteProcess, dead: AbortSignal, scope: AbortSignal) {
    const { channel } = process;
    this.#process = process;
    this.#dead = dead;
    this.#scope = scope;
    this.#reader = new WireReader(channel);
    this.#stderr = collectBounded(channel.stderr, 64 * 1024, "tail");
    const onEnd = (): void => this.#closed.abort();
    process.ended.then(onEnd, onEnd);
    this.out = new Coalescer((chunk, release) => this.#write(chunk, release));
  }

  static async start(
    host: SshHost,
    elevation: Elevation,
    command: ReceiverCommand,
    signal: AbortSignal,
  ): Promise<ReceiverProcess> {
    const scope = AbortSignal.any([signal, host.dead]);
    const process = new ReceiverProcess(await host.start(renderCommand(command), elevation, scope), host.dead, scope);
    if (command.kind === "script") process.#process.channel.write(command.script.text);
    return process;
  }

  /** Until when it is waited for: the caller's patience, and the connection's life. */
  get scope(): AbortSignal {
    return this.#scope;
  }

  /** For a process that outlives the one who started it. */
  useScope(signal: AbortSignal): void {
    this.#scope = AbortSignal.any([signal, this.#dead]);
  }

  /** Tells a lane how its requests come; once, before the first. */
  encode(encoding: Encoding): void {
    const { channel } = this.#process;
    if (encoding.kind === "plain") return void channel.write("plain\n");
    channel.write(`${encoding.tool} -dc${encoding.kind === "zstd" ? "q" : ""}\n`);
    this.through((channel, onPiece) => new RequestCompressor(channel, encoding, onPiece));
  }

  /** Its requests go through what is made, which ends the channel at its own end, and says what goes into it. */
  through(make: (channel: Writable, onPiece: (bytes: number) => void) => Writable): void {
    const { channel } = this.#process;
    this.#compressor = make(channel, (bytes) => {
      this.bytesSent += bytes;
    });
    // Its failure is the push's, as of a channel that the host closes.
    this.#compressor.on("error", () => channel.close());
  }

  /** Speaks to who listens at a socket on the host, without a shell or a process of ours between. @throws {RemoteCommandError} */
  static async join(host: SshHost, socket: string, signal: AbortSignal): Promise<ReceiverProcess> {
    const scope = AbortSignal.any([signal, host.dead]);
    return new ReceiverProcess(asProcess(await host.open(socket, scope)), host.dead, scope);
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
    const code = await untilAborted(this.#process.ended, this.#scope);
    if (code !== 0) throw new ReceiverEnd(code, this.#stderr.text());
  }

  /** Its end, whatever it is. */
  async untilClosed(): Promise<void> {
    await this.#process.ended.catch(() => undefined); // who waits for answers hears why
  }

  /** Its answers ended too early. */
  async #ended(): Promise<never> {
    const code = await untilAborted(this.#process.ended, this.#scope);
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

  /** Says that nothing more comes, and waits a moment for its end: sshd then has room for another one. */
  async leave(): Promise<void> {
    this.#process.channel.end();
    await Promise.race([this.#process.ended.catch(() => undefined), sleep(2_000, undefined, { ref: false })]);
    await this[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#compressor?.destroy();
    if (!this.#closed.signal.aborted) this.#process.channel.close();
    return Promise.resolve();
  }
}
