import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isStorePath, parseStorePath, renderStorePath, storePathSchema } from "../../local-nix/store-path.ts";

const digest = fc.stringMatching(/^[0-9abcdfghijklmnpqrsvwxyz]{32}$/);
const name = fc.stringMatching(/^[0-9a-zA-Z+\-_?=][0-9a-zA-Z+\-._?=]{0,40}$/);

describe("store path", () => {
  it("is a hash and a name below /nix/store", () => {
    fc.assert(
      fc.property(digest, name, (hash, rest) => {
        const path = `/nix/store/${hash}-${rest}`;
        assert.equal(parseStorePath(path), path);
        assert.equal(storePathSchema.parse(path), path);
        assert.equal(renderStorePath(parseStorePath(path)), `${hash.slice(0, 7)}-${rest}`);
      }),
    );
  });

  it("is nothing below it, nothing above it and no other text", () => {
    const hash = "dr3ar3yansrcbm9qqr4w11vpyxzpzpxf";
    const wrong = [
      "",
      "/nix/store",
      `/nix/store/${hash}`,
      `/nix/store/${hash}-`,
      `/nix/store/${hash}-.hidden`,
      `/nix/store/${hash}-a/bin`,
      `/nix/store/${hash}-a\n`,
      `/nix/store/${hash.replace("d", "e")}-a`,
      `/tmp/store/${hash}-a`,
      `/nix/store/${hash}-${"a".repeat(212)}`,
      `/nix/store/${hash}-a b`,
      `/nix/store/${hash}-a;rm`,
    ];
    for (const text of wrong) assert.equal(isStorePath(text), false, JSON.stringify(text));
  });

  it("says what was expected", () => {
    assert.throws(() => parseStorePath("x"), { message: 'expected /nix/store/<hash>-<name>, found "x"' });
    assert.equal(storePathSchema.safeParse("x").success, false);
  });
});
