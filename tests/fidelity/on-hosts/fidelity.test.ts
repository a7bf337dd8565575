import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runScenarios } from "../../../fidelity/run-scenarios.ts";

describe("a plan, field by field, and what was done", function () {
  this.timeout(600_000);

  it("says nothing that is not so, and knows what a host in reach can tell", async () => {
    const signal = AbortSignal.timeout(600_000);
    const told = await runScenarios(
      ({ always = false }) => always,
      () => undefined,
      signal,
    );
    const wrong = told.flatMap(({ name, statements }) =>
      statements.filter(({ verdict }) => verdict === "wrong").map((statement) => ({ name, ...statement })),
    );
    assert.deepEqual(wrong, []);
    for (const { name, plan, statements } of told) {
      const known = statements.flatMap(({ field, verdict }) => (verdict === "right" ? [field] : []));
      assert.ok(known.length > 0, name);
      if (name === "unit changed") assert.ok(known.includes("units to restart"), JSON.stringify(plan.units));
    }
  });
});
