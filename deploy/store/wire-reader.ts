import type { Readable } from "node:stream";
import type { Decoder } from "./wire.ts";

/** Reads values from a stream in order. What has arrived and is not read yet is bounded by the decoders' own limits. */
export class WireReader {
  readonly #stream: Readable;
  #wire: Uint8Array = new Uint8Array(0);
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => {
      this.#wire = this.#wire.length === 0 ? chunk : Buffer.concat([this.#wire, chunk]);
      this.#waiting?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#waiting?.();
    };
    stream.once("end", end).once("close", end);
  }

  /** @returns undefined at the stream's end. @throws {WireError} @throws the scope's reason */
  async read<T>(decode: Decoder<T>, scope: AbortSignal): Promise<T | undefined> {
    for (;;) {
      scope.throwIfAborted();
      const decoded = decode(this.#wire, 0);
      if (decoded !== undefined) {
        this.#wire = this.#wire.subarray(decoded.next);
        return decoded.value;
      }
      if (this.#ended) return undefined;
      await this.#more(scope);
    }
  }

  async #more(scope: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting = wake;
    scope.addEventListener("abort", wake, { once: true });
    this.#stream.resume();
    try {
      await promise;
    } finally {
      this.#waiting = undefined;
      scope.removeEventListener("abort", wake);
    }
  }
}
