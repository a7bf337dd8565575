import { isStorePath } from "../../local-nix/store-path.ts";
import { Coalescer } from "./coalescer.ts";
import { writeNar } from "./nar-writer.ts";
import type { PathChannel, ValidityQuery } from "./path-channel.ts";
import type { PathInfo } from "./path-info.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import type { ReceiverProcess } from "./receiver-process.ts";
import { type Decoder, encodeU64 } from "./wire.ts";
import {
  decodeDaemonMessage,
  decodeRooted,
  decodeWorkerHello,
  decodeWorkerValid,
  encodeAddTempRoot,
  encodeWorkerAdd,
  encodeWorkerHello,
  encodeWorkerQuery,
  type Trust,
} from "./worker-messages.ts";

/** Where every Nix' daemon listens, unless its environment says otherwise. Source: nix 2.34, src/libstore/globals.cc. */
export const daemonSocket = "/nix/var/nix/daemon-socket/socket";

/** What receives on the host: for other users than root it passes everything on to the daemon's socket. */
export function workerCommand(nixDaemon: string, store: string | undefined): readonly string[] {
  return [nixDaemon, ...(store === undefined ? [] : ["--store", store]), "--stdio"];
}

/** One conversation with the host's daemon. */
export class WorkerChannel implements PathChannel {
  readonly process: ReceiverProcess;
  /** Nix 2.26 watches its input while it works: a hang-up interrupts it. Hence no decompressor before it, either. */
  readonly atEnd = "drops";
  #trust: Trust = "unknown";
  #greeted = false;

  private constructor(process: ReceiverProcess) {
    this.process = process;
  }

  /** Greets a receiver that has just been started. */
  static async greet(process: ReceiverProcess): Promise<WorkerChannel> {
    await process.out.put(encodeWorkerHello());
    return new WorkerChannel(process);
  }

  /** Whether the daemon does as the login user says; known once it has answered the greeting. */
  get trust(): Trust {
    return this.#trust;
  }

  async hello(): Promise<void> {
    if (this.#greeted) return;
    this.#greeted = true;
    await this.process.out.flush();
    this.#trust = (await this.process.read(decodeWorkerHello)).trust;
    await this.#done();
  }

  async query({ substitute, paths }: ValidityQuery): Promise<ReadonlySet<string>> {
    await this.process.out.put(encodeWorkerQuery(paths, substitute));
    await this.hello();
    await this.#done();
    const valid = (await this.process.read(decodeWorkerValid)).filter(isStorePath);
    for (const path of valid) await this.process.out.put(encodeAddTempRoot(path));
    await this.process.out.flush();
    for (const _ of valid) {
      await this.#done();
      await this.process.read(decodeRooted);
    }
    return new Set(valid);
  }

  async send(info: PathInfo): Promise<void> {
    const { out, scope } = this.process;
    await out.put(encodeWorkerAdd(info));
    // Nix 2.34 holds a whole frame in memory: small ones.
    const frames = new Coalescer(async (chunk, release) => {
      await out.put(encodeU64(chunk.length));
      await out.put(chunk);
      release();
    });
    await writeNar(info.path, info.narSize, frames, scope);
    await frames.flush();
    await out.put(encodeU64(0));
  }

  added(): Promise<true | undefined> {
    return this.#done((decode) => this.process.readOrEnd(decode));
  }

  /** Reads to the end of the daemon's messages on one request. @throws {ReceiverEnd} with its error */
  async #done(read: <T>(decode: Decoder<T>) => Promise<T | undefined> = (decode) => this.process.read(decode)) {
    for (;;) {
      const message = await read(decodeDaemonMessage);
      if (message === undefined) return undefined;
      if (message.kind === "last") return true as const;
      if (message.kind === "error") throw new ReceiverEnd(1, `error: ${message.text}`);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}
