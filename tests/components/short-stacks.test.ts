import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { withShortStacks } from "../../components/short-stacks.ts";

describe("short stacks", () => {
  it("last as long as resources are registered, and say where an error comes from", () => {
    const before = { prepare: Error.prepareStackTrace, limit: Error.stackTraceLimit };
    let asked = 0;
    Error.prepareStackTrace = (error) => `${asked++} ${error.message}`;
    const ours = Error.prepareStackTrace;
    try {
      const stack = withShortStacks(() => new Error("inside").stack) ?? ""; // written when it is read
      const lines = stack.split("\n");
      assert.equal(lines[0], "Error: inside");
      assert.match(lines[1] ?? "", /short-stacks\.test\.ts:/);
      assert.equal(lines.length, 3);
      assert.throws(() =>
        withShortStacks(() => {
          throw new Error("of a constructor");
        }),
      );
      assert.equal(Error.prepareStackTrace, ours);
      assert.equal(Error.stackTraceLimit, before.limit);
      assert.equal(asked, 0);
    } finally {
      Error.prepareStackTrace = before.prepare;
    }
  });
});
