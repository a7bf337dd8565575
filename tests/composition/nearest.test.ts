import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { didYouMean, editDistance, nearestNames } from "../../composition/nearest.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

describe("edit distance", () => {
  it("is nothing for equal words only, the same both ways, and at most the longer word", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      }),
    );
  });

  it("counts a swap of neighbours as one edit", () => assert.equal(editDistance("bsae", "base"), 1));
});

describe("nearest names", () => {
  it("are at most three within two edits, the closest first", () => {
    assert.deepEqual(nearestNames("base", ["bas", "bsae", "basement", "case", "bass", "darwin"]), [
      "bas",
      "bass",
      "bsae",
    ]);
    assert.equal(didYouMean("peers", ["peer", "per", "controller"]), 'did you mean "peer" or "per"?');
    assert.equal(didYouMean("galena", ["pyrite"]), undefined);
  });
});
