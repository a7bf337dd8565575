import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { filesForSecondLook } from "../../scripts/lib/second-look.ts";

describe("a second look after a run of everything", () => {
  const of = (...files: (string | null)[]) => filesForSecondLook(files.map((file) => ({ file })));

  it("is for few files, each once", () => {
    assert.deepEqual(of("a", "b", "a", "c"), ["a", "b", "c"]);
    assert.deepEqual(of(), []);
  });

  it("is not for many, nor where a hook of the whole run failed", () => {
    assert.deepEqual(of("a", "b", "c", "d"), []);
    assert.deepEqual(of("a", null), []);
  });
});
