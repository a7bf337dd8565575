import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { compositionFigures, renderComposition } from "../../bench/composition/composition-figures.ts";
import { measureComposition, planComposition } from "../../bench/composition/run-composition.ts";
import { fittedExponent } from "../../bench/measure/statistics.ts";

describe("composition benchmark", () => {
  it("fits the exponent of a power", () => {
    const exponent = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(exponent, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (power, factor) => {
        const points = [100, 300, 600, 1000].map((x) => [x, factor * x ** power] as const);
        assert.ok(Math.abs(fittedExponent(points) - power) < 1e-6);
      }),
    );
    assert.throws(() => fittedExponent([[100, 1]]), RangeError);
  });

  it("reads and checks the example and synthetic fleets whole, each in a process of its own", async function () {
    this.timeout(120_000);
    const measured = await measureComposition(planComposition(20, 3), 1, () => undefined, AbortSignal.timeout(110_000));
    assert.deepEqual(
      measured.map(({ trial, samples }) => [trial.name, samples.map(({ machines }) => machines)]),
      [
        ["example", [10]],
        ["2 machines × 3 entries", [2]],
        ["6 machines × 3 entries", [6]],
        ["12 machines × 3 entries", [12]],
        ["20 machines × 3 entries", [20]],
      ],
    );
    const synthetic = measured.filter(({ trial }) => trial.size !== undefined);
    // A synthetic fleet is a sound one: what the rules cost does not hide in findings.
    assert.deepEqual(
      synthetic.map(({ samples }) => samples.map(({ findings }) => findings)),
      [[0], [0], [0], [0]],
    );
  });

  it("shows medians in milliseconds, and the growth of one round's fleets", () => {
    const sample = (machines: number, seconds: number) => ({
      machines,
      findings: 0,
      startSeconds: 0.1,
      readSeconds: seconds,
      checkSeconds: seconds / 10,
      cpuSeconds: seconds * 2,
      processCpuSeconds: seconds * 2 + 0.08,
      peakRssBytes: 80e6,
    });
    const [example, small, , , large] = planComposition(1000, 200);
    assert.ok(example !== undefined && small !== undefined && large !== undefined);
    const figures = compositionFigures([
      { trial: example, samples: [sample(10, 0.05), sample(10, 0.07), sample(10, 0.06)] },
      { trial: small, samples: [sample(100, 0.2), sample(100, 0.3), sample(100, 0.1)] },
      { trial: large, samples: [sample(1000, 2), sample(1000, 3), sample(1000, 1)] },
    ]);
    assert.equal(
      renderComposition(figures),
      [
        "| fleet | start, ms | reading, ms | checks, ms | both, ms | CPU of both, ms | with the start, ms | CPU with it, ms | peak, MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| example | 100 | 60 | 6 | 66 | 120 | 166 | 200 | 80 |",
        "| 100 machines × 200 entries | 100 | 200 | 20 | 220 | 400 | 320 | 480 | 80 |",
        "| 1000 machines × 200 entries | 100 | 2000 | 200 | 2200 | 4000 | 2300 | 4080 | 80 |",
        "",
        "growth: machines^1.00 in time, machines^1.00 in CPU time",
      ].join("\n"),
    );
  });
});
