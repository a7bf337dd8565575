import { writeNar } from "./nar-writer.ts";
import type { PathChannel, ValidityQuery } from "./path-channel.ts";
import type { PathInfo } from "./path-info.ts";
import type { ReceiverProcess } from "./receiver-process.ts";
import {
  decodeAdded,
  decodeHello,
  decodeValidPaths,
  encodeAddToStoreNar,
  encodeHello,
  encodeQueryValidPaths,
} from "./serve-messages.ts";

/** What receives on the host. @param store - in Nix' own words; absent: its default store. */
export function serveCommand(nixStore: string, store: string | undefined): readonly string[] {
  return [nixStore, ...(store === undefined ? [] : ["--store", store]), "--serve", "--write"];
}

/** One `nix-store --serve --write`. */
export class ServeChannel implements PathChannel {
  readonly process: ReceiverProcess;
  readonly atEnd = "answers";
  #greeted = false;

  private constructor(process: ReceiverProcess) {
    this.process = process;
  }

  /** Greets a receiver that has just been started. */
  static async greet(process: ReceiverProcess): Promise<ServeChannel> {
    await process.out.put(encodeHello());
    return new ServeChannel(process);
  }

  async hello(): Promise<void> {
    if (this.#greeted) return;
    this.#greeted = true;
    await this.process.read(decodeHello);
  }

  async query({ substitute, paths }: ValidityQuery): Promise<ReadonlySet<string>> {
    await this.process.out.put(encodeQueryValidPaths({ lock: true, substitute, paths }));
    await this.process.out.flush();
    await this.hello();
    return new Set(await this.process.read(decodeValidPaths));
  }

  async send(info: PathInfo): Promise<void> {
    await this.process.out.put(encodeAddToStoreNar(info));
    await writeNar(info.path, info.narSize, this.process.out, this.process.scope);
  }

  added(): Promise<true | undefined> {
    return this.process.readOrEnd(decodeAdded);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}
