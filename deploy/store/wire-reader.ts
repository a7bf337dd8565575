import type { Readable } from "node:stream";
import { type Decoder, WireError } from "./wire.ts";

/** More than nobody has asked for yet stays with the sender. */
const mostAhead = 2 ** 20;
/** A hundred thousand paths take 12 MB. */
const mostOfOne = 16 * 2 ** 20;

/** Reads values from a stream in order. However much the other side sends, what is held of it is bounded. */
export class WireReader {
  readonly #stream: Readable;
  #wire: Uint8Array = new Uint8Array(0);
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => {
      this.#wire = this.#wire.length === 0 ? chunk : Buffer.concat([this.#wire, chunk]);
      const wake = this.#waiting;
      this.#waiting = undefined;
      if (wake !== undefined) wake();
      else if (this.#wire.length > mostAhead) stream.pause();
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
      if (this.#wire.length > mostOfOne) throw new WireError(`an answer of at most ${mostOfOne} bytes`, "more", 0);
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
