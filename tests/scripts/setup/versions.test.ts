import assert from "node:assert/strict";
import fc from "fast-check";
import { isAtLeast, parseVersion } from "../../../scripts/setup/versions.mjs";

describe("versions that tools say of themselves", () => {
  it("are found in the words around them", () => {
    assert.deepEqual(parseVersion("nix (Nix) 2.26.3"), [2, 26, 3]);
    assert.deepEqual(parseVersion("v3.250.0"), [3, 250, 0]);
    assert.deepEqual(parseVersion("go version go1.26.8 linux/amd64"), [1, 26, 8]);
    assert.equal(parseVersion("command not found"), undefined);
  });

  it("are compared by number, not by text", () => {
    assert.equal(isAtLeast("nix (Nix) 2.8.1", "2.24"), false);
    assert.equal(isAtLeast("nix (Nix) 2.24.0", "2.24"), true);
    assert.equal(isAtLeast("v3.1000.0", "3.250.0"), true);
    assert.equal(isAtLeast(undefined, "2.24"), false);
  });

  it("agree with the order of their numbers", () => {
    const version = fc.tuple(fc.nat(300), fc.nat(300), fc.nat(300));
    fc.assert(
      fc.property(version, version, (have, want) => {
        const [first] = have
          .map((number, place) => number - (want[place] ?? 0))
          .filter((difference) => difference !== 0);
        assert.equal(isAtLeast(`v${have.join(".")}`, want.join(".")), (first ?? 0) >= 0);
      }),
    );
  });
});
