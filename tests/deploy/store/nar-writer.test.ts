import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Coalescer } from "../../../deploy/store/coalescer.ts";
import { NarError, writeNar } from "../../../deploy/store/nar-writer.ts";

const run = promisify(execFile);

/** The archive as Nix writes it. */
async function dump(path: string): Promise<Buffer> {
  const { stdout } = await run("nix-store", ["--dump", path], { encoding: "buffer", maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

/** The archive as we write it, and the sizes of the chunks it came in. */
async function write(
  path: string,
  size: number,
): Promise<{ readonly nar: Buffer; readonly chunks: readonly number[] }> {
  const chunks: Buffer[] = [];
  const out = new Coalescer(async (chunk) => {
    chunks.push(Buffer.from(chunk));
  });
  await writeNar(path, size, out, AbortSignal.timeout(10_000));
  await out.flush();
  return { nar: Buffer.concat(chunks), chunks: chunks.map(({ length }) => length) };
}

describe("NAR writer", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "nar-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("writes what `nix-store --dump` writes", async () => {
    const tree = join(folder, "tree");
    await mkdir(join(tree, "empty"), { recursive: true });
    await mkdir(join(tree, "b.d"));
    await writeFile(join(tree, "b.d", "x"), "x");
    await writeFile(join(tree, "b"), "sorted by bytes: before b.d and b~");
    await writeFile(join(tree, "b~"), "");
    await writeFile(join(tree, "ä"), "12345678");
    await writeFile(join(tree, "Z"), "capitals come first");
    await writeFile(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0xfe)]), "a name that is no UTF-8");
    await writeFile(join(tree, "run"), "#!/bin/sh\n");
    await chmod(join(tree, "run"), 0o555);
    await writeFile(join(tree, "large"), Buffer.alloc(700_001, "large"));
    await symlink("../nowhere", join(tree, "link"));
    const expected = await dump(tree);
    const { nar, chunks } = await write(tree, expected.length);
    assert.ok(nar.equals(expected));
    assert.ok(
      chunks.slice(0, -1).every((size) => size === 256 * 1024),
      "many small pieces leave as few large ones",
    );
  });

  it("writes a single file, and a single link", async () => {
    for (const name of ["file", "link"]) {
      const path = join(folder, name);
      await (name === "file" ? writeFile(path, "1234567") : symlink("file", path));
      const expected = await dump(path);
      assert.ok((await write(path, expected.length)).nar.equals(expected));
    }
  });

  it("never writes more than the receiver was told, nor less without saying so", async () => {
    const path = join(folder, "file");
    for (const size of [1_000, 300_000]) {
      await writeFile(path, Buffer.alloc(size));
      const { length } = await dump(path);
      await appendFile(path, Buffer.alloc(64));
      const written: Uint8Array[] = [];
      const out = new Coalescer(async (chunk) => {
        written.push(chunk);
      });
      await assert.rejects(writeNar(path, length, out, AbortSignal.timeout(10_000)), {
        name: "NarError",
        message: `${path}: its archive is longer than it was`,
      });
      assert.ok(out.total <= length);
      await truncate(path, size - 64);
      await assert.rejects(write(path, length), new NarError(path, "its archive is 64 bytes shorter than it was"));
    }
  });

  it("stops when the caller does", async () => {
    const path = join(folder, "file");
    await writeFile(path, Buffer.alloc(2 ** 20));
    const stop = new AbortController();
    const out = new Coalescer(async () => stop.abort(new Error("^C")));
    await assert.rejects(writeNar(path, 2 ** 20 + 112, out, stop.signal), /\^C/);
  });

  it("refuses what no archive can hold", async () => {
    const path = join(folder, "pipe");
    await run("mkfifo", [path]);
    const out = new Coalescer(async () => undefined);
    await assert.rejects(writeNar(path, 1_000, out, AbortSignal.timeout(10_000)), /neither file, folder nor/);
  });
});
