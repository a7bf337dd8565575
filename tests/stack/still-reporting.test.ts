import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { StillReporting } from "../../stack/still-reporting.ts";
import { traced, type Work } from "../../trace.ts";

const work = (subject: string): Work => ({ kind: "phase", subject, what: "push" });

describe("a report of what is waited for", () => {
  it("has a word of the work that concerns it when nothing else was told, until the work has ended", async () => {
    const told: string[] = [];
    let now = 0;
    using still = new StillReporting((words) => told.push(words), {
      concerns: ({ subject }) => subject === "galena",
      clock: () => now,
    });
    const wait = (seconds: number): void => {
      for (let half = 0; half < seconds * 2; half++) {
        now += 500;
        still.tick();
      }
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    const both = [work("galena"), work("cinnabar")].map((one) => traced(one, () => promise));
    wait(1);
    still.broken();
    wait(11);
    assert.deepEqual(told, ["galena: push (3 s)", "galena: push (11 s)"]);
    resolve();
    await Promise.all(both);
    wait(60);
    assert.equal(told.length, 2);
  });
});
