import assert from "node:assert/strict";
import { orderTests } from "../../scripts/lib/test-order.ts";

describe("the order of tests", () => {
  const files = [
    "tests/e2e/up.test.ts",
    "tests/deploy/on-hosts/a.test.ts",
    "tests/sim/hosts/b.test.ts",
    "tests/deploy/c.test.ts",
    "clan/checks/d.test.ts",
  ];
  const units = ["clan/checks/d.test.ts", "tests/deploy/c.test.ts"];

  it("is units, hosts, end to end", () => {
    assert.deepEqual(orderTests(files, true), [
      ...units,
      "tests/deploy/on-hosts/a.test.ts",
      "tests/sim/hosts/b.test.ts",
      "tests/e2e/up.test.ts",
    ]);
  });

  it("is units alone where nothing can be simulated", () => {
    assert.deepEqual(orderTests(files, false), units);
  });
});
