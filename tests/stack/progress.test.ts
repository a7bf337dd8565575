import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { renderProgress, Throughput } from "../../stack/progress.ts";

const push = (done: number, total: number, message = "") =>
  ({ level: "debug", subject: "galena", phase: "push", message, progress: { done, total, unit: "bytes" } }) as const;

describe("progress", () => {
  it("is shown with its rate and the time left once both can be told", () => {
    const throughput = new Throughput();
    assert.equal(
      renderProgress(push(0, 40e6, "9 paths"), throughput.rate(push(0, 40e6), 0)),
      "9 paths, 0.0 of 40.0 MB",
    );
    const rate = throughput.rate(push(10e6, 40e6), 2_000);
    assert.equal(renderProgress(push(10e6, 40e6, "9 paths"), rate), "9 paths, 10.0 of 40.0 MB, 5.0 MB/s, 6 s left");
    assert.equal(
      renderProgress(push(40e6, 40e6), throughput.rate(push(40e6, 40e6), 8_000)),
      "40.0 of 40.0 MB, 5.0 MB/s",
    );
  });

  it("leaves an event its own words where they count already", () => {
    const progress = { done: 3, total: 9, unit: "paths" } as const;
    assert.equal(
      renderProgress({ level: "debug", phase: "push", message: "3 of 9 paths", progress }, { perSecond: 1 }),
      "3 of 9 paths",
    );
  });

  it("never has a negative rate or time left, also when a phase begins anew", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.nat(1000))), (events) => {
        const throughput = new Throughput();
        let now = 0;
        for (const [done, later] of events) {
          now += later;
          const { perSecond = 0, secondsLeft = 0 } = throughput.rate(push(done, 1000), now);
          assert.ok(perSecond >= 0 && secondsLeft >= 0 && Number.isFinite(secondsLeft));
        }
      }),
    );
  });
});
