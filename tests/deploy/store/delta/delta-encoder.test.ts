import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished, pipeline } from "node:stream/promises";
import { after, before, describe, it } from "mocha";
import { DeltaEncoder } from "../../../../deploy/store/delta/delta-encoder.ts";

describe("differences from a file", () => {
  const old = randomBytes(3_000_000);
  const changed = Buffer.concat([old.subarray(0, 1_000_000), randomBytes(2_000), old.subarray(1_000_100)]);
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "delta-encoder-"));
    file = join(folder, "old");
    await writeFile(file, old);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("are little more than what has changed, and give the whole back", async () => {
    const channel = new PassThrough();
    let told = 0;
    const encoder = new DeltaEncoder(channel, file, changed.length, (bytes) => {
      told += bytes;
    });
    const [made] = await Promise.all([buffer(channel), pipeline([changed], encoder)]);
    assert.equal(told, made.length);
    assert.ok(made.length < 4_000, `${made.length} bytes`);
    const options = { input: made, maxBuffer: 2 ** 23 };
    assert.ok(execFileSync("zstd", ["-dcq", "--long=27", `--patch-from=${file}`], options).equals(changed));
  });

  it("fail with zstd's own words where there is nothing to refer to", async () => {
    const channel = new PassThrough();
    channel.resume();
    const encoder = new DeltaEncoder(channel, join(folder, "none"), changed.length, () => undefined);
    const failed = finished(encoder);
    encoder.end(changed);
    await assert.rejects(failed, /^Error: zstd ended with \d+: zstd: /);
    assert.equal(channel.writableEnded, false, "the receiver sees no good end");
  });
});
