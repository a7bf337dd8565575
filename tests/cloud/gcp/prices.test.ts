import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nodeCost, renderCost } from "../../../cloud/gcp/prices.ts";

const galena = { machineType: "e2-standard-8", accelerators: [], zones: ["us-central1-b"], diskSizeGb: 100 };
const t4 = [{ type: "nvidia-tesla-t4", count: 1 }];

describe("what a node costs", () => {
  it("is machine, accelerators, disk and address while it runs", () => {
    assert.deepEqual(nodeCost(galena, "on"), { hourly: 0.279, monthly: 203.31 });
    const scheelite = { ...galena, machineType: "n1-standard-8", accelerators: t4 };
    assert.deepEqual(nodeCost(scheelite, "on"), { hourly: 0.74, monthly: 540.55 });
  });

  it("is disk and address while it is off", () => {
    assert.deepEqual(nodeCost(galena, "off"), { hourly: 0.015, monthly: 11.3 });
    assert.equal(renderCost(nodeCost(galena, "off")), "about $0.015 an hour, $11.30 a month");
  });

  it("is unknown, and said to be, where no price is known", () => {
    for (const other of [
      { machineType: "e2-micro" },
      { machineType: "constructor-standard-8" },
      { zones: ["europe-west4-a"] },
      { accelerators: [{ type: "tpu", count: 1 }] },
    ])
      assert.match(renderCost(nodeCost({ ...galena, ...other }, "on")), /^cost unknown/);
  });
});
