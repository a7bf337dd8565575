import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { before, describe, it } from "mocha";
import { decodeAdded, decodeHello, decodeValidPaths, serveVersion } from "../../../deploy/store/serve-messages.ts";
import { encodeU64, WireError } from "../../../deploy/store/wire.ts";
import { WireReader } from "../../../deploy/store/wire-reader.ts";
import { soon } from "../support/signals.ts";
import { OtherStore } from "./support/closures.ts";
import { path } from "./support/paths.ts";
import { askNix, clientBytes, recording } from "./support/serve-session.ts";

/** Reads the answers of the recorded session out of pieces of the given size, up to the first that is missing. */
async function readAnswers(bytes: Uint8Array, pieceBytes: number): Promise<readonly unknown[]> {
  const stream = new PassThrough();
  const reader = new WireReader(stream);
  for (let at = 0; at < bytes.length; at += pieceBytes) stream.write(bytes.subarray(at, at + pieceBytes));
  stream.end();
  const answers: unknown[] = [];
  for (const decode of [decodeHello, decodeValidPaths, decodeAdded, decodeAdded, decodeValidPaths] as const) {
    const answer = await reader.read<unknown>(decode, soon());
    if (answer === undefined) break;
    answers.push(answer);
  }
  return answers;
}

const whole: readonly unknown[] = [serveVersion, [], true, true, [path("a"), path("b")]];

for (const version of recording.versions) replay(version);

function replay(version: string): void {
  describe(`serve protocol 2.7, as recorded with Nix ${version}`, () => {
    let server: Buffer;
    before(async () => {
      server = await readFile(recording.of(version).serve);
    });

    it("is read back from pieces of any size", async () => {
      for (const size of [1, 7, 8, 9, server.length]) assert.deepEqual(await readAnswers(server, size), whole);
    });

    it("ends without an answer, and without an error, when it is cut at any length", async () => {
      for (let cut = 0; cut < server.length; cut++) {
        const answers = await readAnswers(server.subarray(0, cut), server.length);
        assert.ok(answers.length < whole.length);
        assert.deepEqual(answers, whole.slice(0, answers.length), `cut at ${cut}`);
      }
    });

    it("is refused, incomplete or another answer when any byte is another, and never waits or allocates without bound", async () => {
      let refused = 0;
      for (let at = 0; at < server.length; at++) {
        if (at === 8) continue; // the protocol's minor version: a higher one is none of our business
        for (const flip of [0x01, 0x80, 0xff]) {
          const corrupted = Uint8Array.from(server);
          corrupted[at] = (corrupted[at] ?? 0) ^ flip;
          try {
            assert.notDeepEqual(await readAnswers(corrupted, server.length), whole, `byte ${at}`);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
            refused += 1;
          }
        }
      }
      assert.ok(refused > server.length, `${refused} refused`);
    });
  });
}

describe("serve protocol 2.7", () => {
  it("is written byte by byte as it was recorded, and Nix answers as it did", async () => {
    const client = await clientBytes();
    assert.ok(client.equals(await readFile(recording.client)));
    await using store = await OtherStore.make();
    assert.ok((await askNix(store.uri, client)).equals(await readFile(recording.of("2.26").serve)));
    assert.deepEqual(await store.valid(), [path("a"), path("b")]);
    await store.verify();
  });

  it("is spoken with a later Nix by its own version, and with one older than 2.2 not at all", () => {
    const hello = (version: number): Uint8Array => Buffer.concat([encodeU64(0x5452eecb), encodeU64(version)]);
    assert.deepEqual(decodeHello(hello(0x208), 0), { value: 0x207, next: 16 });
    assert.deepEqual(decodeHello(hello(0x205), 0), { value: 0x205, next: 16 });
    assert.throws(() => decodeHello(hello(0x204), 0), new WireError("serve protocol 2.5 or later", "2.4", 8));
    assert.throws(() => decodeHello(hello(0x301), 0), WireError);
    assert.throws(() => decodeHello(Buffer.from("Welcome to galena!\n"), 0), WireError);
  });
});
