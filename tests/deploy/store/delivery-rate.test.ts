import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { deliveryRate, slowStartMs, type Taken } from "../../../deploy/store/delivery-rate.ts";

const piece = 128 * 1024;

/** Answers of a host at the end of a way that TCP's window opens slowly: it doubles with every round trip. */
function answers(bytesPerSecond: number, roundTripMs: number, count: number): readonly Taken[] {
  const taken: Taken[] = [{ atMs: 0, bytes: 0 }];
  let window = 14_480;
  let sent = 0;
  let freeAtMs = 0;
  for (let round = 0; taken.length <= count; round++, window *= 2) {
    freeAtMs = Math.max(freeAtMs, round * roundTripMs);
    for (let left = window; left > 0 && taken.length <= count; ) {
      const bytes = Math.min(left, piece - (sent % piece));
      left -= bytes;
      sent += bytes;
      freeAtMs += (bytes / bytesPerSecond) * 1000;
      if (sent % piece === 0) taken.push({ atMs: freeAtMs + roundTripMs, bytes: sent });
    }
  }
  return taken;
}

describe("the rate at which a way delivers", () => {
  it("is never more than the way carries, however late the answers are", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100_000, max: 200_000_000 }),
        fc.integer({ min: 15, max: 100 }),
        fc.integer({ min: 1, max: 32 }),
        (bytesPerSecond, roundTripMs, count) => {
          const rate = deliveryRate(answers(bytesPerSecond, roundTripMs, count), roundTripMs);
          assert.ok(rate <= bytesPerSecond * 1.000_001, `${rate} of ${bytesPerSecond}`);
        },
      ),
    );
  });

  it("shows what a way carries once the window is open", () => {
    const narrow = deliveryRate(answers(12_500_000, 20, 16), 20);
    assert.ok(narrow > 11_000_000, String(narrow));
    const wide = answers(125_000_000, 50, 32).filter(({ atMs }) => atMs <= slowStartMs(19_200_000, 50));
    assert.ok(deliveryRate(wide, 50) >= 15_000_000, String(deliveryRate(wide, 50)));
  });

  it("does not take for speed what a host found waiting for it", () => {
    // 1 MB/s at 20 ms, and a host that does not look for 100 ms.
    const late = answers(1_000_000, 20, 8).map(({ atMs, bytes }) => ({ atMs: Math.ceil(atMs / 100) * 100, bytes }));
    const rate = deliveryRate(late, 20);
    assert.ok(rate < 2_000_000, String(rate));
  });

  it("is nothing before a round trip and 0.1 s have passed", () => {
    assert.equal(deliveryRate([], 20), 0);
    assert.equal(
      deliveryRate(
        [
          { atMs: 0, bytes: 0 },
          { atMs: 99, bytes: piece },
        ],
        20,
      ),
      0,
    );
  });
});
