import { once } from "node:events";
import { Writable } from "node:stream";
import { constants, createGzip, createZstdCompress, type Gzip, type ZstdCompress } from "node:zlib";
import { giveBack } from "../ssh/give-back.ts";
import { nextZstdLevel, type ZstdLevel } from "./compression-level.ts";

export type Compression =
  /** @param level - to begin with. @param lowest - to go back to where the way is faster than the compressor. */
  { readonly kind: "zstd"; readonly level: ZstdLevel; readonly lowest: ZstdLevel } | { readonly kind: "gzip" };

/** Node cuts what it makes out of blocks of so many bytes. */
const blockBytes = 256 * 1024;
/** Input between two decisions about the level. */
const stretchBytes = 4 * 2 ** 20;
// Its first level makes 52 MB/s: more than the links that it is used on.
const gzipLevel = 1;

/**
 * Compresses into a channel, as hard as the way leaves time for. Another level begins another frame, which `zstd -dc` reads
 * like the first. Of what is made one piece at most waits for the channel, besides what that has taken.
 */
export class RequestCompressor extends Writable {
  readonly #channel: Writable;
  readonly #compression: Compression;
  readonly #onPiece: (bytes: number) => void;
  readonly #now: () => number;
  #stage: ZstdCompress | Gzip;
  #level: ZstdLevel;
  #stretch = { bytes: 0, waitedMs: 0, beganMs: 0 };

  /**
   * @param channel - is ended after the last byte. When it calls back it has sent a piece, or has a copy.
   * @param onPiece - told what goes into it. @param now - milliseconds.
   */
  constructor(
    channel: Writable,
    compression: Compression,
    onPiece: (bytes: number) => void,
    now = (): number => performance.now(),
  ) {
    super();
    this.#channel = channel;
    this.#compression = compression;
    this.#onPiece = onPiece;
    this.#now = now;
    this.#level = compression.kind === "zstd" ? compression.level : 3;
    this.#stage = this.#openStage();
    this.#stretch.beganMs = now();
  }

  /** Of zstd, now. */
  get level(): ZstdLevel {
    return this.#level;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#adapt().then(() => {
      this.#stretch.bytes += chunk.length;
      this.#stage.write(chunk, done);
    }, done);
  }

  override _final(done: () => void): void {
    this.#stage.once("end", () => {
      this.#channel.end();
      done();
    });
    this.#stage.end();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stage.destroy();
    done(error);
  }

  async #adapt(): Promise<void> {
    const { bytes, waitedMs, beganMs } = this.#stretch;
    if (this.#compression.kind !== "zstd" || bytes < stretchBytes) return;
    const now = this.#now();
    this.#stretch = { bytes: 0, waitedMs: 0, beganMs: now };
    const level = nextZstdLevel(this.#level, this.#compression.lowest, waitedMs / Math.max(1, now - beganMs));
    if (level === this.#level) return;
    this.#stage.end();
    await once(this.#stage, "end");
    this.#level = level;
    this.#stage = this.#openStage();
  }

  #openStage(): ZstdCompress | Gzip {
    const params = { [constants.ZSTD_c_compressionLevel]: this.#level };
    const stage =
      this.#compression.kind === "zstd"
        ? createZstdCompress({ chunkSize: blockBytes, params })
        : createGzip({ chunkSize: blockBytes, level: gzipLevel });
    stage.on("data", (piece: Buffer) => this.#pass(stage, piece));
    stage.on("error", (error) => this.destroy(error));
    return stage;
  }

  #pass(stage: ZstdCompress | Gzip, piece: Buffer): void {
    this.#onPiece(piece.length);
    // The piece that ends a block is the last one of it (Node 24): then nobody has any use for that memory.
    const { byteLength } = piece.buffer;
    const endsBlock = byteLength === blockBytes && piece.byteOffset + piece.length === byteLength;
    const handed = this.#now();
    stage.pause();
    this.#channel.write(piece, (error) => {
      if (error) return; // who waits for the channel hears of it
      if (endsBlock) giveBack(piece);
      this.#stretch.waitedMs += this.#now() - handed;
      stage.resume();
    });
  }
}
