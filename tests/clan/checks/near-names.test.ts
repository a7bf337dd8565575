import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isNear, nearestOf } from "../../../clan/checks/near-names.ts";

describe("a near name", () => {
  it("is two edits away at most, one under five letters", () => {
    const near = [
      ["galena", "galean"],
      ["galena", "galeena"],
      ["base", "bsae"],
      ["peer", "per"],
      ["nixos", "nixxos"],
    ] as const;
    const far = [
      ["base", "bass-box"],
      ["web", "wide"],
      ["galena", "pyrite"],
      ["core", "cloud"],
      ["ai", "ui-x"],
    ] as const;
    for (const [a, b] of near) assert.equal(isNear(a, b), true, `${a} ${b}`);
    for (const [a, b] of far) assert.equal(isNear(a, b), false, `${a} ${b}`);
  });

  it("never differs in digits: machines are numbered", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{3,8}$/), fc.nat(99), fc.nat(99), (name, a, b) => {
        assert.equal(isNear(`${name}${a}`, `${name}${b}`), false);
      }),
    );
  });

  it("is near from both sides, and never itself", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-e1-2-]{1,6}$/), fc.stringMatching(/^[a-e1-2-]{1,6}$/), (a, b) => {
        assert.equal(isNear(a, b), isNear(b, a));
        assert.equal(isNear(a, a), false);
      }),
    );
  });

  it("is the nearest of several, then the first in the alphabet", () => {
    assert.equal(nearestOf("galean", ["galena", "galeas", "gale"]), "galeas");
    assert.equal(nearestOf("bsae", ["case", "base"]), "base");
    assert.equal(nearestOf("bsae", ["pyrite"]), undefined);
  });
});
