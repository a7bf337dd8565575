import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PushProgress } from "../../../deploy/store/push-progress.ts";
import { lastWords } from "../../../deploy/store/receiver-end.ts";
import type { FleetEvent } from "../../../report.ts";
import { info } from "./support/paths.ts";

describe("push progress", () => {
  it("counts what the host acknowledged, and ends with the whole", () => {
    const events: FleetEvent[] = [];
    const paths = [info("a", [], 2 ** 20), info("b", [], 3 * 2 ** 20)];
    const progress = new PushProgress("galena", 2 ** 22, (event) => events.push(event));
    for (const path of paths) progress.added(path);
    assert.equal(progress.done, 2 ** 22);
    const last = events.at(-1);
    assert.deepEqual(last?.progress, { done: 2 ** 22, total: 2 ** 22, unit: "bytes" });
    assert.match(last?.message ?? "", /^4\.0 MiB of 4\.0 MiB/);
  });

  it("takes what the host turned out to have for done, and never goes back", () => {
    const progress = new PushProgress("galena", 300, () => undefined);
    progress.setLeft([info("a", [], 100)]);
    assert.equal(progress.done, 200);
    progress.setLeft([info("a", [], 300)]);
    assert.equal(progress.done, 200);
  });
});

describe("a receiver's last words", () => {
  it("are the last error, without colours and what was said before", () => {
    assert.equal(lastWords("warning: x\n\u001b[31;1merror:\u001b[0m a\nerror: b\n  c\n"), "error: b\n  c");
    assert.equal(lastWords("sh: no such thing\n"), "sh: no such thing");
  });
});
