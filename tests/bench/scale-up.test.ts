import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "mocha";
import { upFigures } from "../../bench/scale/up-figures.ts";
import { renderUp } from "../../bench/scale/up-report.ts";
import { runUp, type UpRun } from "../../bench/scale/up-run.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";

const [before, after] = ["before", "after"].map((name) =>
  parseStorePath(`/nix/store/${"0".repeat(32)}-nixos-system-${name}`),
) as [ReturnType<typeof parseStorePath>, ReturnType<typeof parseStorePath>];

const closure = { present: 40, shared: 8, own: 3 };
const key = { port: 22, hostKey: "ssh-ed25519 AAAA", userKeyFile: "/key" };
const seen = { connections: 3, requests: 9, asked: {}, paths: 11, bytes: 900, generation: 2 };

/** Two hosts, one of which refuses; both as they should be afterwards. */
const run: UpRun = {
  trial: { machines: 2, parallel: 2, fail: 0.5, seed: 1, closure },
  seconds: 12.34,
  exitCode: 1,
  startedAt: 1_000,
  text: "",
  usage: {
    peakTogetherBytes: 700e6,
    named: {
      provider: { peakRssBytes: 300e6, cpuSeconds: 4, childrenCpuSeconds: 2 },
      program: { peakRssBytes: 250e6, cpuSeconds: 3, childrenCpuSeconds: 1 },
      engine: { peakRssBytes: 100e6, cpuSeconds: 5, childrenCpuSeconds: 0 },
    },
  },
  hosts: [
    { kind: "host", name: "galena", ...key },
    { kind: "host", name: "pyrite", ...key, fault: "refuses" },
  ],
  seen: [
    {
      ...seen,
      name: "galena",
      lockedAt: 3_000,
      pushBeganAt: 3_500,
      longestWaitMs: 100,
      current: after,
      profile: after,
    },
    {
      ...seen,
      name: "pyrite",
      lockedAt: 4_000,
      pushBeganAt: 4_300,
      longestWaitMs: 300,
      current: before,
      profile: before,
    },
  ],
  rows: { galena: { outcome: "switched", toplevel: after }, pyrite: { outcome: "failed", toplevel: before } },
};

describe("figures of an update", () => {
  it("tell when hosts were begun with, how long one waited, and that the failures were those that were asked for", () => {
    const figures = upFigures(run);
    assert.deepEqual(figures.wrong, []);
    assert.deepEqual([figures.firstBeganSeconds, figures.lastBeganSeconds], [2, 3]);
    assert.deepEqual([figures.pushSpreadSeconds, figures.longestWaitSeconds], [0.8, 0.3]);
    assert.equal(figures.switched, 1);
    assert.deepEqual(figures.failed, [{ machine: "pyrite", fault: "refuses", outcome: "failed" }]);
    assert.equal(
      renderUp([figures]),
      `| machines | time, s | first to last host begun, s | first to last push, s | longest wait, s | median wait, s | peak together, MB | provider, MB | program, MB | engine, MB | CPU of provider, Nix, program, engine, s | switched |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 2, 2 at once | 12.3 | 1.0 | 0.8 | 0.3 | 0.2 | 700 | 300 | 250 | 100 | 4, 3, 3, 5 | 1 of 2 |

2 machines: failed as they should: 1 refuses (failed)`,
    );
  });

  it("are wrong where a host is not what its fault, or none, makes of it", () => {
    const other = (change: Partial<UpRun>): number => upFigures({ ...run, ...change }).wrong.length;
    const [galena, pyrite] = run.seen;
    assert.ok(galena && pyrite);
    assert.equal(other({ exitCode: 0 }), 1);
    assert.equal(other({ rows: { ...run.rows, galena: { outcome: "failed", toplevel: before } } }), 1);
    assert.equal(other({ seen: [{ ...galena, profile: before }, pyrite] }), 1);
    assert.equal(other({ rows: { ...run.rows, pyrite: { outcome: "switched", toplevel: after } } }), 1);
    assert.equal(other({ seen: [galena, { ...pyrite, current: after }] }), 1);
  });
});

describe("an update of stub hosts by Pulumi itself", function () {
  this.timeout(180_000);

  it("switches all of them but those with a fault, which fail alone, and leaves nothing in the store", async () => {
    const trial = { machines: 6, parallel: 6, fail: 0.34, faults: ["refuses", "drops"], seed: 1, closure } as const;
    const done = await runUp(trial, () => undefined, AbortSignal.timeout(170_000));
    const figures = upFigures(done);
    assert.deepEqual(figures.wrong, [], done.text);
    assert.equal(figures.switched, 4);
    assert.deepEqual(figures.failed.map(({ fault }) => fault).sort(), ["drops", "refuses"]);
    assert.notEqual(done.exitCode, 0);
    const whole = done.seen.filter(({ paths }) => paths === closure.shared + closure.own + 1);
    assert.equal(whole.length, 5, "what was missing, and not more, went to all but the one that drops its connections");
    const systems = Object.values(done.rows).flatMap(({ toplevel }) => toplevel ?? []);
    assert.ok(systems.length >= 4 && systems.every((system) => !existsSync(system)));
    assert.deepEqual(Object.keys(figures.processes).sort(), ["engine", "program", "provider"]);
  });
});
