import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, it } from "mocha";
import { decodeStrings, decodeU64, encodeU64, WireError } from "../../../deploy/store/wire.ts";
import { WireReader } from "../../../deploy/store/wire-reader.ts";
import { soon } from "../support/signals.ts";

/** A host that sends zeros for as long as anybody takes them. */
function flood(beginning: Uint8Array): { readonly stream: Readable; readonly sent: () => number } {
  const zeros = Buffer.alloc(64 * 1024);
  let sent = 0;
  const stream = new Readable({
    read() {
      this.push(sent === 0 ? Buffer.concat([beginning, zeros]) : zeros);
      sent += zeros.length;
    },
  });
  return { stream, sent: () => sent };
}

describe("a host that sends more than it was asked for", () => {
  it("is not taken more from than a buffer's worth, and can still be read", async () => {
    const { stream, sent } = flood(encodeU64(7));
    const reader = new WireReader(stream);
    assert.equal(await reader.read(decodeU64(7), soon()), 7);
    for (let turns = 0; turns < 1_000; turns++) await turn();
    assert.ok(sent() < 4 * 2 ** 20, `${sent()} bytes`);
    const scope = soon();
    for (let read = 0; read < 400_000; read++) assert.equal(await reader.read(decodeU64(0), scope), 0);
    stream.destroy();
  });

  it("is left when one answer has no end", async () => {
    const { stream, sent } = flood(Buffer.concat([encodeU64(1), encodeU64(2 ** 29)]));
    const endless = new WireReader(stream).read(decodeStrings(1, 2 ** 30), soon());
    await assert.rejects(endless, WireError);
    assert.ok(sent() < 20 * 2 ** 20, `${sent()} bytes`);
    stream.destroy();
  });
});
