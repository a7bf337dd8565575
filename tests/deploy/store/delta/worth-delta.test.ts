import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { breakEvenRate, isWorthDelta, mostBreakEvenRate } from "../../../../deploy/store/delta/worth-delta.ts";

const megabyte = 1e6;
const sizes = fc.integer({ min: 0, max: 20_000 * megabyte });
const lengths = fc.double({ min: 0, max: 500, noNaN: true });
const rates = fc.double({ min: 1, max: 200 * megabyte, noNaN: true });

describe("differences are worth it", () => {
  it("on a narrow way, and not on a wide one, near or far", () => {
    const worth = (bytesPerSecond: number, roundTripMs: number, bytes = 68 * megabyte): boolean =>
      isWorthDelta(bytes, { bytesPerSecond, roundTripMs });
    assert.deepEqual([worth(12.5 * megabyte, 20), worth(12.5 * megabyte, 20, 6 * megabyte)], [true, false]);
    assert.deepEqual([worth(1.25 * megabyte, 30), worth(1.25 * megabyte, 30, 6 * megabyte)], [true, true]);
    assert.deepEqual([worth(19 * megabyte, 50), worth(100 * megabyte, 0.2)], [false, false]);
  });

  it("the more, the narrower the way, the more bytes they take away, and the nearer the host is", () => {
    fc.assert(
      fc.property(sizes, rates, lengths, fc.double({ min: 1, max: 9, noNaN: true }), (bytes, rate, length, factor) => {
        if (!isWorthDelta(bytes, { bytesPerSecond: rate, roundTripMs: length })) return;
        assert.ok(isWorthDelta(bytes, { bytesPerSecond: rate / factor, roundTripMs: length }));
        assert.ok(isWorthDelta(bytes * factor, { bytesPerSecond: rate, roundTripMs: length }));
        assert.ok(isWorthDelta(bytes, { bytesPerSecond: rate, roundTripMs: length / factor }));
      }),
    );
  });

  it("up to a rate that is looked for on long ways, and never for a few megabytes", () => {
    fc.assert(
      fc.property(sizes, lengths, (bytes, length) => assert.ok(breakEvenRate(bytes, length) < mostBreakEvenRate)),
    );
    assert.equal(breakEvenRate(4 * megabyte, 0), 0);
    assert.equal(isWorthDelta(4 * megabyte, { bytesPerSecond: 1_000, roundTripMs: 20 }), false);
  });

  it("not where nothing is known of the way", () => {
    assert.equal(isWorthDelta(1_000 * megabyte, undefined), false);
  });
});
