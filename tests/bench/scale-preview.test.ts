import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { planPreviews } from "../../bench/scale/preview.ts";
import { type PreviewFigure, previewFigures, renderPreview } from "../../bench/scale/preview-figures.ts";
import { type MeasuredPreview, measurePreview } from "../../bench/scale/preview-run.ts";

describe("scale benchmark of previews", () => {
  it("previews a deployed fleet in two stacks: nothing changes, and every host is asked", async function () {
    this.timeout(300_000);
    const trial = { machines: 4, entries: 2, stacks: 2 };
    // It throws where a preview has a change or an error, and where a host was not asked or asked something strange.
    const measured = await measurePreview(trial, 1, () => undefined, AbortSignal.timeout(290_000));
    assert.deepEqual(
      measured.samples.map(({ stack }) => stack),
      ["part-0", "part-1"],
    );
    assert.equal(measured.composition.machines, 4);
    assert.equal(measured.composition.findings, 0);
    const [figure] = previewFigures([measured]).fleets;
    assert.ok(figure !== undefined);
    const { peakBytes, ...numbers } = figure;
    assert.deepEqual(Object.keys(peakBytes).sort(), ["engine", "program", "provider"]);
    for (const [key, value] of Object.entries({ ...numbers, ...peakBytes })) assert.ok(value > 0, `${key}: ${value}`);
    assert.ok(figure.seconds > figure.slowestStackSeconds);
  });

  it("has each size in one stack, and the largest in several", () => {
    const stacks = (split: number) =>
      planPreviews({ size: [300, 100, 300], entries: 7, split }).map((trial) => [trial.machines, trial.stacks]);
    assert.deepEqual(stacks(4), [
      [100, 1],
      [300, 1],
      [300, 4],
    ]);
    assert.deepEqual(stacks(1), [
      [100, 1],
      [300, 1],
    ]);
  });

  it("shows medians, what stacks take together and the worst of them, and the growth of fleets in one stack", () => {
    const figures = previewFigures([
      measured(100, { whole: [3, 9, 5] }),
      measured(1000, { whole: [50] }),
      measured(1000, { "part-0": [20], "part-1": [30] }),
    ]);
    assert.deepEqual(
      figures.fleets.map(({ seconds, slowestStackSeconds }: PreviewFigure) => [seconds, slowestStackSeconds]),
      [
        [5, 5],
        [50, 50],
        [50, 30],
      ],
    );
    assert.equal(
      renderPreview(figures),
      [
        "| machines in stacks | composition, s | first preview, s | preview, s | CPU, s | hosts' CPU, s | most memory, MB | program, MB | engine, MB | provider, MB | state of a machine, kB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 100 in 1 | 1.5 | 70.0 | 5.0 | 10.0 | 1.0 | 500 | 300 | 0 | 0 | 8.0 |",
        "| 1000 in 1 | 1.5 | 70.0 | 50.0 | 100.0 | 1.0 | 5000 | 3000 | 0 | 0 | 8.0 |",
        "| 1000 in 2 | 1.5 | 70.0 | 50.0 | 100.0 | 2.0 | 3000 | 1800 | 0 | 0 | 8.0 |",
        "",
        "growth: machines^1.00 in time, machines^1.00 in CPU time, machines^1.00 in memory",
      ].join("\n"),
    );
  });
});

/** @param stacks - seconds of each round; CPU is twice that, memory a hundred MB a second. */
function measured(machines: number, stacks: Readonly<Record<string, readonly number[]>>): MeasuredPreview {
  const samples = Object.entries(stacks).flatMap(([stack, rounds]) =>
    rounds.map((seconds) => ({
      stack,
      seconds,
      cpuSeconds: seconds * 2,
      hostsCpuSeconds: 1,
      usage: {
        peakTogetherBytes: seconds * 1e8,
        named: { program: { peakRssBytes: seconds * 6e7, cpuSeconds: seconds, childrenCpuSeconds: 0 } },
      },
    })),
  );
  return {
    trial: { machines, entries: 200, stacks: Object.keys(stacks).length },
    composition: {
      machines,
      findings: 0,
      startSeconds: 0.1,
      readSeconds: 1,
      checkSeconds: 0.5,
      cpuSeconds: 2,
      processCpuSeconds: 2.1,
      peakRssBytes: 3e8,
    },
    firstSeconds: 70,
    stateBytes: machines * 8_000,
    samples,
  };
}
