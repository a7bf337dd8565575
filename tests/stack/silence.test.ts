import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nextWordSeconds, Silence } from "../../stack/silence.ts";

describe("words in a log", () => {
  it("come after 2, 10, 30 and 60 seconds of silence, and each minute then", () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(nextWordSeconds), [2, 10, 30, 60, 120, 180]);
  });

  it("are due once each, and begin anew with whatever else is said", () => {
    let now = 0;
    const silence = new Silence(() => now);
    const due = (seconds: number): number[] =>
      Array.from({ length: seconds }, (_, index) => index + 1).filter(() => {
        now += 1000;
        return silence.takeWord();
      });
    assert.deepEqual(due(40), [2, 10, 30]);
    silence.broken();
    assert.equal(silence.seconds, 0);
    assert.deepEqual(due(12), [2, 10]);
  });
});
