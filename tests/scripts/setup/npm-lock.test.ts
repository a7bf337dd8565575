import assert from "node:assert/strict";
import { notInstalled } from "../../../scripts/setup/npm-lock.mjs";

describe("node_modules against package-lock.json", () => {
  const lock = {
    packages: {
      "": { version: "0.1.0" },
      "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
      "node_modules/other-platform": { version: "1.0.0", integrity: "sha512-o", optional: true },
    },
  };

  it("is complete without the optional packages of other platforms", () => {
    assert.deepEqual(
      notInstalled(lock, { packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } } }),
      [],
    );
  });

  it("lacks what is absent, and what has another version or content", () => {
    assert.deepEqual(notInstalled(lock, { packages: {} }), ["node_modules/a"]);
    for (const there of [
      { version: "1.0.1", integrity: "sha512-a" },
      { version: "1.0.0", integrity: "sha512-b" },
    ])
      assert.deepEqual(notInstalled(lock, { packages: { "node_modules/a": there } }), ["node_modules/a"]);
  });
});
