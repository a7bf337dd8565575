import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { before, describe, it } from "mocha";
import { type Decoder, encodeString, encodeU64, WireError } from "../../../deploy/store/wire.ts";
import { WireReader } from "../../../deploy/store/wire-reader.ts";
import {
  decodeDaemonMessage,
  decodeRooted,
  decodeWorkerHello,
  decodeWorkerValid,
} from "../../../deploy/store/worker-messages.ts";
import { soon } from "../support/signals.ts";
import { OtherStore } from "./support/closures.ts";
import { path } from "./support/paths.ts";
import { askDaemon, recording, workerClientBytes } from "./support/serve-session.ts";

const done = decodeDaemonMessage;
/** What is answered, in order: greeting, query, two additions, query, root. */
const parts: readonly Decoder<unknown>[] = [
  decodeWorkerHello,
  done,
  ...[done, decodeWorkerValid],
  ...[done, done],
  ...[done, decodeWorkerValid],
  ...[done, decodeRooted],
];

/** Reads the answers of the recorded session out of pieces of the given size, up to the first that is missing. */
async function readAnswers(bytes: Uint8Array, pieceBytes: number): Promise<readonly unknown[]> {
  const stream = new PassThrough();
  const reader = new WireReader(stream);
  for (let at = 0; at < bytes.length; at += pieceBytes) stream.write(bytes.subarray(at, at + pieceBytes));
  stream.end();
  const answers: unknown[] = [];
  for (const decode of parts) {
    const answer = await reader.read(decode, soon());
    if (answer === undefined) break;
    answers.push(answer);
  }
  return answers;
}

const last = { kind: "last" };
const both = [path("a"), path("b")];
const whole = [{ version: 0x123, trust: "trusted" }, last, last, [], last, last, last, both, last, 1];

for (const version of recording.versions.filter((version) => version !== "2.8")) replay(version);

function replay(version: string): void {
  describe(`worker protocol 1.35, as recorded with Nix ${version}`, () => {
    let server: Buffer;
    before(async () => {
      server = await readFile(recording.of(version).worker);
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

    it("is refused, incomplete or another answer when any byte is another", async () => {
      // A higher version, and another name of the same Nix, are none of our business.
      const free = new Set([8, 16, ...Array.from({ length: 6 }, (_, index) => 24 + index)]);
      for (let at = 0; at < server.length; at++) {
        for (const flip of free.has(at) ? [] : [0x01, 0x80, 0xff]) {
          const corrupted = Uint8Array.from(server);
          corrupted[at] = (corrupted[at] ?? 0) ^ flip;
          try {
            assert.notDeepEqual(await readAnswers(corrupted, server.length), whole, `byte ${at}`);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
          }
        }
      }
    });
  });
}

describe("worker protocol 1.35", () => {
  it("is written byte by byte as it was recorded, and the daemon answers as it did", async () => {
    const client = await workerClientBytes();
    assert.ok(client.equals(await readFile(recording.workerClient)));
    await using store = await OtherStore.make();
    const server = await readFile(recording.of("2.26").worker);
    assert.ok((await askDaemon(store.uri, client, server.length)).equals(server));
    assert.deepEqual(await store.valid(), both);
    await store.verify();
  });

  it("is refused by us when Nix 2.8 answers, and awaited at every cut before it has said its version", async () => {
    const server = await readFile(recording.of("2.8").worker);
    for (let cut = 0; cut < server.length; cut++) assert.deepEqual(await readAnswers(server.subarray(0, cut), 16), []);
    await assert.rejects(readAnswers(server, 16), new WireError("worker protocol 1.35 or later", "1.34", 8));
  });

  it("has messages between the answers, which are passed over, and errors, which are not", () => {
    const [u, s] = [encodeU64, encodeString];
    const act = 2n ** 63n + 5n;
    const fields = [u(2), u(0), u(7), u(1), s("text")];
    const message = (...parts: Uint8Array[]): unknown => {
      const wire = Buffer.concat(parts);
      for (let cut = 0; cut < wire.length; cut++)
        assert.equal(decodeDaemonMessage(wire.subarray(0, cut), 0), undefined);
      const decoded = decodeDaemonMessage(wire, 0);
      assert.equal(decoded?.next, wire.length);
      return decoded?.value;
    };
    assert.deepEqual(message(u(0x6f6c6d67), s("a line")), { kind: "log" });
    assert.deepEqual(message(u(0x53545254), u(act), u(3), u(100), s("copying"), ...fields, u(0)), { kind: "log" });
    assert.deepEqual(message(u(0x52534c54), u(act), u(105), ...fields), { kind: "log" });
    assert.deepEqual(message(u(0x53544f50), u(act)), { kind: "log" });
    const traces = [u(1), u(0), s("while adding a path")];
    const error = message(u(0x63787470), s("Error"), u(0), s("Error"), s("it is full"), u(0), ...traces);
    assert.deepEqual(error, { kind: "error", text: "it is full" });
    assert.throws(() => decodeDaemonMessage(u(0x64617461), 0), WireError);
  });

  it("is not spoken with a daemon older than 1.35, which would not tell whom it trusts", () => {
    const hello = Buffer.concat([encodeU64(0x6478696f), encodeU64(0x122)]);
    assert.throws(() => decodeWorkerHello(hello, 0), new WireError("worker protocol 1.35 or later", "1.34", 8));
  });
});
