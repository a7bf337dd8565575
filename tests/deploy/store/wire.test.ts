import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  decodeBytes,
  decodeString,
  decodeStrings,
  decodeU64,
  encodeString,
  encodeStrings,
  encodeU64,
  WireError,
} from "../../../deploy/store/wire.ts";

describe("wire", () => {
  it("has the bytes that the protocol says", () => {
    assert.equal(Buffer.from(encodeU64(0x390c9deb)).toString("hex"), "eb9d0c3900000000");
    assert.equal(Buffer.from(encodeString("nix")).toString("hex"), "03000000000000006e69780000000000");
    assert.equal(Buffer.from(encodeString("")).toString("hex"), "0000000000000000");
    assert.equal(
      Buffer.from(encodeStrings(["a", "exactly8"])).toString("hex"),
      "02000000000000000100000000000000" + "6100000000000000080000000000000065786163746c7938",
    );
  });

  it("reads a number back, and asks for more at every earlier cut", () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.nat(9), (value, before) => {
        const wire = Buffer.concat([new Uint8Array(before), encodeU64(value)]);
        const decode = decodeU64(Number.MAX_SAFE_INTEGER);
        for (let cut = before; cut < wire.length; cut++) assert.equal(decode(wire.subarray(0, cut), before), undefined);
        assert.deepEqual(decode(wire, before), { value, next: wire.length });
      }),
    );
  });

  it("reads bytes back, and asks for more at every earlier cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        const wire = encodeString(payload);
        const decode = decodeBytes(40);
        for (let cut = 0; cut < wire.length; cut++) assert.equal(decode(wire.subarray(0, cut), 0), undefined);
        assert.deepEqual(decode(wire, 0), { value: payload, next: wire.length });
      }),
    );
  });

  it("reads texts back, and asks for more at every earlier cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 5 }), (texts) => {
        const wire = encodeStrings(texts);
        const decode = decodeStrings(5, 200);
        for (let cut = 0; cut < wire.length; cut++) assert.equal(decode(wire.subarray(0, cut), 0), undefined);
        assert.deepEqual(decode(wire, 0), { value: texts, next: wire.length });
      }),
    );
  });

  it("refuses a length beyond the bound before the payload is there", () => {
    assert.throws(() => decodeBytes(10)(encodeU64(11), 0), new WireError("at most 10 bytes", "a string of 11", 0));
    assert.throws(() => decodeStrings(3, 10)(encodeU64(4), 0), new WireError("at most 3", "4", 0));
    const longest = encodeU64(2n ** 64n - 1n);
    assert.throws(() => decodeBytes(10)(longest, 0), WireError);
    assert.throws(() => decodeU64(Number.MAX_SAFE_INTEGER)(longest, 0), WireError);
  });

  it("refuses other padding than zeros, and text that is no UTF-8", () => {
    const wire = encodeString("nix");
    for (let at = 11; at < 16; at++) {
      const bad = Uint8Array.from(wire);
      bad[at] = 1;
      assert.throws(() => decodeBytes(10)(bad, 0), new WireError("zero padding", "other bytes", 11));
    }
    assert.throws(
      () => decodeString(10)(encodeString(Uint8Array.of(0xff)), 0),
      new WireError("UTF-8", "other bytes", 8),
    );
  });
});
