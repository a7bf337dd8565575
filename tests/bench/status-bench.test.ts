import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { StatusSample } from "../../bench/status/measure-status.ts";
import { renderStatusFigures, statusFigures } from "../../bench/status/render-status.ts";

const look = (contender: StatusSample["contender"], seconds: number): StatusSample => ({
  contender,
  seconds,
  cpuSeconds: seconds / 2,
  hostCpuSeconds: seconds * 2,
});

describe("the benchmark of fleet status", () => {
  it("compares medians, and shows the slowest look beside them", () => {
    const samples = [0.5, 0.4, 2].flatMap((seconds) => [look("ssh", seconds), look("fleet status", seconds * 2)]);
    assert.equal(
      renderStatusFigures(statusFigures(10, samples)),
      [
        "| 10 hosts | looks | median, s | slowest, s | CPU of the operator, s | CPU of all hosts, s |",
        "| --- | --- | --- | --- | --- | --- |",
        "| ssh | 3 | 0.50 | 2.00 | 0.25 | 1.00 |",
        "| fleet status | 3 | 1.00 | 4.00 | 0.50 | 2.00 |",
        "",
        "fleet status takes 2.0 × as long as ssh",
      ].join("\n"),
    );
    assert.throws(() => statusFigures(10, [look("ssh", 1)]), RangeError);
  });
});
