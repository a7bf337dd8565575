import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "mocha";
import { Operator } from "../../chaos/operator.ts";

describe("an operator that is killed", () => {
  it("takes with it all that it started, also what has a session of its own", async () => {
    const mark = `mark-${process.pid}`;
    const nested = `setsid sh -c 'sleep 600; : ${mark}' & sh -c 'sleep 600; : ${mark}' & echo ready; wait`;
    const operator = new Operator(["sh", "-c", nested], "/", process.env);
    while ((await running(mark)) < 3) await sleep(20);
    await operator.kill();
    assert.deepEqual(await operator.ended, { code: null, text: "ready\n" });
    while ((await running(mark)) > 0) await sleep(20);
    await operator.kill(); // once more is nothing
  });
});

/** Processes with these words in their command line; zombies have none. */
async function running(words: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(words)).length;
}
