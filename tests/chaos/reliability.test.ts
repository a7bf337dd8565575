import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Row, summarise } from "../../chaos/reliability.ts";
import type { RunResult } from "../../chaos/results.ts";

const run = (number: number, more: Partial<RunResult>): RunResult => ({
  number,
  machine: "agate",
  way: "pulumi",
  fault: { kind: "host", seconds: 0 },
  at: { kind: "step", step: "test" },
  unhealthy: false,
  struckAt: "test",
  interrupted: "interrupted",
  next: "switched",
  seconds: 5,
  problems: [],
  stranded: false,
  words: [],
  ...more,
});

describe("docs/reliability.md", () => {
  it("counts what each fault at each step led to", () => {
    const results = [
      run(1, {}),
      run(2, { way: "engine", interrupted: "rolled-back" }),
      run(3, { way: "engine", problems: ["left behind: lock"], stranded: true }),
      run(4, { fault: { kind: "connection", how: "silence", seconds: 3 }, struckAt: "push", next: "unchanged" }),
      run(5, {
        fault: { kind: "operator" },
        struckAt: null,
        at: { kind: "random", afterMs: 10 },
        interrupted: "killed",
      }),
    ];
    const { rows, random, sum } = summarise(results, { seed: 4, seconds: 100, versions: ["Nix 2"] });
    const row = (words: readonly string[], pulumi: number, engine: number, declared: number): Row => {
      const [step = "", fault = "", interrupted = "", next = ""] = words;
      return { step, fault, pulumi, engine, interrupted, next, declared };
    };
    assert.deepEqual(rows, [
      row(["before", "operator killed", "1 killed", "1 switched"], 1, 0, 1),
      row(["push", "connection silent", "1 interrupted", "1 unchanged"], 1, 0, 1),
      row(["test", "power loss", "2 interrupted, 1 rolled-back", "3 switched"], 1, 2, 2),
    ]);
    assert.deepEqual([random, sum], [1, "5 runs, 4 ended as declared, 1 stranded"]);
  });
});
