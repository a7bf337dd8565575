import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderAge } from "../../cli/render-age.ts";

describe("an age", () => {
  it("is told in the largest unit of which there are two", () => {
    const ages = [-5, 0, 95, 119.9, 120, 7_199, 7_200, 172_799, 172_800, 86_400 * 40];
    assert.deepEqual(ages.map(renderAge), [
      "0 s",
      "0 s",
      "95 s",
      "119 s",
      "2 min",
      "119 min",
      "2 h",
      "47 h",
      "2 d",
      "40 d",
    ]);
  });
});
