import assert from "node:assert/strict";
import { lastLine } from "./last-line.ts";

describe("the last line of a test run", () => {
  it("counts, and mentions skipped and unsteady tests only when there are some", () => {
    assert.equal(lastLine({ passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
    assert.equal(lastLine({ passed: 12, failed: 1, skipped: 3 }), "12 passed, 1 failed, 3 skipped");
    assert.equal(
      lastLine({ passed: 12, failed: 0, skipped: 3, unsteady: 1 }),
      "12 passed, 0 failed, 3 skipped, 1 unsteady",
    );
  });
});
