import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderWorkEvent, traceWork, wantsTrace } from "../../stack/debug-trace.ts";
import { traced, type Work } from "../../trace.ts";

const work: Work = { kind: "ssh", subject: "galena", what: "facts" };

describe("a trace", () => {
  it("has a line for each beginning and each end, with the time since it began", async () => {
    const lines: string[] = [];
    let now = 100;
    {
      using _trace = traceWork(
        (line) => lines.push(line),
        () => now++,
      );
      await traced(
        work,
        async () => 0,
        () => "exit 0, 812 characters",
      );
    }
    assert.equal(lines[0], "   1.000 s  ssh       galena: facts");
    assert.match(lines[1] ?? "", /^ {3}2\.000 s {2}ssh {7}galena: facts: exit 0, 812 characters, \d\.\d{3} s$/);
    await traced(work, async () => 0);
    assert.equal(lines.length, 2, "nothing is traced any more");
  });

  it("names a long command whole at its beginning alone", () => {
    const long: Work = { kind: "process", what: `nix eval ${"x".repeat(300)}` };
    assert.ok(renderWorkEvent({ kind: "began", work: long }, 0).includes("x".repeat(300)));
    const end = renderWorkEvent({ kind: "ended", work: long, seconds: 1, result: "exit 1" }, 1);
    assert.match(end, /^ {3}1\.000 s {2}process {3}nix eval x{71}…: exit 1, 1\.000 s$/);
  });

  it("is asked for by a variable that is neither empty nor 0", () => {
    const asks = (value: string | undefined): boolean => wantsTrace({ PULUMI_CLAN_DEBUG: value });
    assert.deepEqual([undefined, "", "0", "1", "yes"].map(asks), [false, false, false, true, true]);
  });
});
