/**
 * Takes chunks, one at a time; resolves when the next may come. Who has no more use for a chunk's memory may say so.
 */
export type Sink = (chunk: Uint8Array, release: () => void) => Promise<void>;

// Measured with ssh2 1.17 on loopback: 32 KiB writes 168 MB/s, 256 KiB writes 275 MB/s.
const chunkBytes = 256 * 1024;

/** Joins many small writes into few large ones. */
export class Coalescer {
  readonly #sink: Sink;
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;
  /** Released chunks. Measured for 180 MB over ssh2: 2.0 to 2.3 s of CPU with a new one each time, 1.4 to 1.6 s with these. */
  readonly #spare: Buffer<ArrayBuffer>[] = [];
  /** Bytes put so far. */
  total = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** @returns a promise only when there is something to wait for: most writes are a few bytes, and an `await` for each is dear. */
  put(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length > chunkBytes - this.#used) return this.#putInParts(bytes);
    this.#chunk.set(bytes, this.#used);
    return this.commit(bytes.length);
  }

  /** Room to write into, never empty; `commit` says how much was written. */
  get free(): Buffer {
    return this.#chunk.subarray(this.#used);
  }

  commit(length: number): Promise<void> | undefined {
    this.#used += length;
    this.total += length;
    return this.#used === chunkBytes ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const chunk = this.#chunk;
    const full = chunk.subarray(0, this.#used);
    // Another one: this one belongs to the stream until it is sent.
    this.#chunk = this.#spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
    this.#used = 0;
    await this.#sink(full, () => void this.#spare.push(chunk));
  }

  async #putInParts(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const part = bytes.subarray(offset, offset + chunkBytes - this.#used);
      offset += part.length;
      this.#chunk.set(part, this.#used);
      await this.commit(part.length);
    }
  }
}
