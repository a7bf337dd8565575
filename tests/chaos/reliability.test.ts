import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { type Row, renderReliability, summarise } from "../../chaos/reliability.ts";
import type { RunResult } from "../../chaos/results.ts";
import { steps } from "../../chaos/steps.ts";

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

  it("is what a run of the suite writes, of 200 runs at least, with every step and no run that did not end as declared", async () => {
    const text = await readFile(join(import.meta.dirname, "../../docs/reliability.md"), "utf8");
    const found =
      /--seed (\d+) [\s\S]*? in (\d+) minutes\s[\s\S]*?\*\*(.*)\.\*\*.*\]\(\.\.\/sim\/README\.md\)\): (.*)\.\n[\s\S]*?\((\d+) of them\)/.exec(
        text,
      );
    const [, seed, minutes, sum = "", versions = "", random] = found ?? [];
    const rows = text
      .split("\n")
      .filter((line) => /^\| [a-z-]+ \| [a-z ]+ \| \d+ \+ /.test(line))
      .map((line): Row => {
        const [, step = "", fault = "", runs = "", interrupted = "", next = "", declared] = line
          .split("|")
          .map((cell) => cell.trim());
        const [pulumi, engine] = runs.split(" + ").map(Number);
        return {
          step,
          fault,
          pulumi: pulumi ?? 0,
          engine: engine ?? 0,
          interrupted,
          next,
          declared: Number(declared?.split(" ")[0]),
        };
      });
    const read = {
      seed: Number(seed),
      random: Number(random),
      minutes: Number(minutes),
      sum,
      versions: versions.split(", "),
      rows,
    };
    assert.equal(renderReliability(read), text);
    const all = rows.reduce((total, { pulumi, engine }) => total + pulumi + engine, 0);
    assert.ok(all >= 200, String(all));
    assert.equal(sum, `${all} runs, ${all} ended as declared, 0 stranded`);
    for (const step of steps)
      assert.ok(
        rows.some((one) => one.step === step),
        step,
      );
  });
});
