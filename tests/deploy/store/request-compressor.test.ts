import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nextZstdLevel, type ZstdLevel, zstdLevels } from "../../../deploy/store/compression-level.ts";
import { type Compression, RequestCompressor } from "../../../deploy/store/request-compressor.ts";

const mebibyte = 2 ** 20;
const zstd: Compression = { kind: "zstd", level: 3, lowest: 3 };

describe("the level of compression", () => {
  const level = fc.constantFrom(...zstdLevels);

  it("rises where the compressor mostly waits for the way, and falls back where it hardly does", () => {
    assert.equal(nextZstdLevel(3, 3, 0.9), 5);
    assert.equal(nextZstdLevel(5, 3, 0.9), 5, "there is none above");
    assert.equal(nextZstdLevel(5, 3, 0.1), 3);
    assert.equal(nextZstdLevel(3, 3, 0), 3, "it is the lowest that was planned");
    assert.equal(nextZstdLevel(2, 2, 0.4), 2);
  });

  it("is not left again for what it brings about: a level takes up to 1.7 times the CPU of the one below", () => {
    fc.assert(
      fc.property(level, level, fc.double({ min: 0, max: 1, noNaN: true }), (now, lowest, share) => {
        const next = nextZstdLevel(now, lowest, share);
        const working = (1 - share) * (next > now ? 1.7 : 1 / 1.7);
        const after = nextZstdLevel(next, lowest, 1 - working);
        assert.ok(next === now || (next > now ? after >= next : after <= next));
      }),
    );
  });
});

describe("compressed requests", () => {
  it("arrive unchanged, whatever the levels on the way", async () => {
    const clock = new Clock();
    const decompressor = spawn("zstd", ["-dcq"], { stdio: ["pipe", "pipe", "inherit"] });
    const arrived = buffer(decompressor.stdout);
    const seen = new Set<ZstdLevel>();
    let sent = 0;
    const compressor = new RequestCompressor(
      clock.slow(decompressor.stdin, () => seen.size < 2),
      zstd,
      (bytes) => {
        sent += bytes;
      },
      clock.now,
    );
    const content = Buffer.concat(
      Array.from({ length: 16 }, (_, part) => Buffer.alloc(mebibyte, randomBytes(4096 + part))),
    );
    for (let offset = 0; offset < content.length; offset += mebibyte) {
      await written(compressor, Buffer.from(content.subarray(offset, offset + mebibyte)));
      clock.passes(1);
      seen.add(compressor.level);
    }
    compressor.end();
    assert.ok((await arrived).equals(content));
    assert.deepEqual([...seen].sort(), [3, 5]);
    assert.equal(compressor.level, 3, "the way became faster");
    assert.ok(sent > 0 && sent < mebibyte);
  });

  it("come in gzip's format for a host that has nothing else", async () => {
    const pieces: Buffer[] = [];
    const channel = taking((piece) => void pieces.push(Buffer.from(piece)));
    const compressor = new RequestCompressor(channel, { kind: "gzip" }, () => undefined);
    const content = randomBytes(2 * mebibyte);
    await written(compressor, content);
    compressor.end();
    await once(channel, "finish");
    assert.ok(gunzipSync(Buffer.concat(pieces)).equals(content));
  });

  it("wait with the next piece until the channel has taken the one before, and leave it no memory", async () => {
    const pieces: Buffer[] = [];
    const waiting: number[] = [];
    const channel = taking((piece) => {
      pieces.push(piece);
      waiting.push(channel.writableLength - piece.length);
    });
    const compressor = new RequestCompressor(channel, { kind: "zstd", level: 2, lowest: 2 }, () => undefined);
    for (let part = 0; part < 8; part++) compressor.write(randomBytes(mebibyte));
    compressor.end();
    await once(channel, "finish");
    assert.ok(waiting.length >= 32, "of at most 256 KiB");
    assert.deepEqual(
      waiting.filter((bytes) => bytes > 0),
      [],
    );
    const kept = pieces.map(({ length }, index) => ({ length, index })).filter(({ length }) => length > 0);
    assert.ok(
      kept.length < pieces.length / 2,
      `all but blocks that are not full: ${JSON.stringify(kept)} of ${pieces.length}`,
    );
  });

  it("end where they are given up while the channel takes nothing, which stays open", async () => {
    const { promise: isFull, resolve } = Promise.withResolvers<void>();
    const channel = new Writable({ write: () => resolve() });
    const compressor = new RequestCompressor(channel, zstd, () => undefined);
    compressor.write(randomBytes(mebibyte));
    await isFull;
    compressor.destroy();
    await once(compressor, "close");
    assert.equal(channel.writableEnded, false);
  });
});

/** Time as the test says it. */
class Clock {
  #ms = 0;
  readonly now = (): number => this.#ms;

  passes(ms: number): void {
    this.#ms += ms;
  }

  /** A channel that takes a second for each piece as long as it is slow. */
  slow(target: Writable, isSlow: () => boolean): Writable {
    return new Writable({
      write: (piece: Buffer, _encoding, done) => {
        if (isSlow()) this.passes(1000);
        target.write(Buffer.from(piece), () => done());
      },
      final: (done) => void target.end(done),
    });
  }
}

/** A channel with room for everything that takes one piece after the other. */
function taking(onPiece: (piece: Buffer) => void): Writable {
  return new Writable({
    highWaterMark: 64 * mebibyte,
    write: (piece: Buffer, _encoding, done) => {
      onPiece(piece);
      setImmediate(done);
    },
  });
}

function written(compressor: Writable, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  compressor.write(bytes, (error) => (error ? reject(error) : resolve()));
  return promise;
}
