import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { PhaseTimes, renderTimes, timesOf, timesSchema } from "../../stack/times.ts";
import { traced } from "../../trace.ts";

const seconds = {
  build: 31.24,
  connect: 0.2,
  facts: 0.3,
  push: 4.04,
  check: 0.1,
  test: 2,
  health: 1,
  acknowledge: 0.1,
  commit: 0.4,
};

describe("times of a deployment", () => {
  it("are those of the parts that its owner knows: what is none of them activates", () => {
    assert.deepEqual(timesOf({ seconds, pushedBytes: 12_300_000 }), {
      seconds: { build: 31.2, connect: 0.5, push: 4, activate: 2.6, health: 1 },
      bytes: 12_300_000,
    });
    assert.deepEqual(timesOf({ seconds: { "a phase of tomorrow": 3 }, pushedBytes: 0 }).seconds, { activate: 3 });
  });

  it("lose nothing but tenths, keep to their schema, and take less than 150 bytes of a state", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.double({ min: 0, max: 36_000, noNaN: true })),
        fc.nat(),
        (phases, bytes) => {
          const times = timesOf({ seconds: phases, pushedBytes: bytes });
          assert.deepEqual(timesSchema.parse(times), times);
          const sum = (values: Record<string, number>): number =>
            Object.values(values).reduce((one, other) => one + other, 0);
          assert.ok(Math.abs(sum(phases) - sum(times.seconds)) < 0.3);
          assert.ok(JSON.stringify(times).length < 150);
        },
      ),
    );
  });
});

describe("where the time went", () => {
  const times = timesOf({ seconds, pushedBytes: 12_300_000 });

  it("is told for what came before the machines, and for each of them, the longest first", () => {
    const machines = [
      { machine: "scheelite", seconds: 3.2 },
      { machine: "galena", seconds: 140, times },
      { machine: "cinnabar", seconds: 12, failed: true },
    ];
    assert.equal(
      renderTimes(machines, { read: 0.41, stage: 0.01, evaluate: 9.8 }, 162),
      [
        "where the time went: 2.7 min",
        "  program    read 0.4 s, evaluate 9.8 s",
        "  galena     2.3 min: build 31.2 s, connect 0.5 s, push 4.0 s for 12.3 MB, activate 2.6 s, health 1.0 s",
        "  cinnabar   failed after 12.0 s",
        "  scheelite  3.2 s",
      ].join("\n"),
    );
  });

  it("names of a large fleet those that took longest, and how long the others did at most", () => {
    const machines = Array.from({ length: 100 }, (_, index) => ({ machine: `m${index}`, seconds: index }));
    const lines = renderTimes(machines, {}).split("\n");
    assert.deepEqual(
      [lines[1], lines[20], lines[21], lines.length],
      ["  m99      99.0 s", "  m80      80.0 s", "  80 more, 79.0 s and less each", 22],
    );
  });

  it("adds up phases of the run that belong to no machine, also when one is entered again", async () => {
    using spent = new PhaseTimes();
    await traced({ kind: "phase", what: "read" }, async () => undefined);
    await traced({ kind: "phase", what: "read" }, async () => undefined);
    await traced({ kind: "phase", subject: "galena", what: "push" }, async () => undefined);
    await traced({ kind: "ssh", what: "connect" }, async () => undefined);
    assert.deepEqual(Object.keys(spent.phases), ["read"]);
  });
});
