import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { faultKinds, planRuns, type Run, stepsOf } from "../../chaos/plan-runs.ts";

const machines = ["agate", "garnet", "topaz"];
const runsOf = (seed: number, count: number): Run[] => planRuns(seed, count, machines).flatMap(({ runs }) => [...runs]);

describe("a plan of faults", () => {
  it("is the same for the same seed, and a longer one begins with it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 40 }), (seed, count, more) => {
        assert.deepEqual(runsOf(seed, count + more).slice(0, count), runsOf(seed, count));
      }),
    );
  });

  it("has as many runs as asked for, numbered from 1, each machine once in a batch", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, count) => {
        const batches = planRuns(seed, count, machines);
        const numbers = batches.flatMap(({ runs }) => runs.map(({ number }) => number));
        assert.deepEqual(
          numbers,
          Array.from({ length: count }, (_, index) => index + 1),
        );
        for (const { runs } of batches) assert.equal(new Set(runs.map(({ machine }) => machine)).size, runs.length);
      }),
    );
  });

  it("kills one operator for a whole batch, at one moment", () => {
    for (const { runs } of planRuns(1, 120, machines)) {
      const killed = runs.filter(({ fault }) => fault.kind === "operator");
      assert.ok(killed.length === 0 || killed.length === runs.length);
      assert.ok(new Set(killed.map(({ at }) => JSON.stringify(at))).size <= 1);
    }
  });

  it("comes to every fault of a host at every step of its way, and to operators of both ways", () => {
    const runs = runsOf(1, 400);
    const seen = new Set(
      runs.map(({ way, fault, at }) => `${way} ${fault.kind} ${at.kind === "step" ? at.step : at.kind}`),
    );
    for (const way of ["pulumi", "engine"] as const) {
      for (const kind of faultKinds.filter((one) => one !== "operator")) {
        for (const step of [...stepsOf(way), "random"])
          assert.ok(seen.has(`${way} ${kind} ${step}`), `${way} ${kind} ${step}`);
      }
      assert.ok([...seen].some((cell) => cell.startsWith(`${way} operator`)));
    }
  });

  it("sends a deployment back whose way back is to be hit", () => {
    for (const { at, unhealthy } of runsOf(3, 200)) {
      if (at.kind === "step" && /^roll/.test(at.step)) assert.ok(unhealthy);
    }
  });
});
