import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type DeploymentRecord, mergeHistory, parseRecords } from "../../../deploy/observation/deployments.ts";
import { declared, old } from "../support/facts.ts";

const owner = { project: "fleet", stack: "core", machine: "galena" };
const by = "cameron@stibnite";

function record(at: number, more: Partial<DeploymentRecord> = {}): DeploymentRecord {
  return { at, verdict: "committed", toplevel: declared, owner, by, ...more };
}

describe("what a host remembers of its deployments", () => {
  it("is read line by line; what is cut or of another version is passed over", () => {
    const line = JSON.stringify(record(100));
    const text = `7\t90\t${old}\nrecord\t${line}\nrecord\t${line.slice(0, 30)}\nrecord\t{"at":"?"}\n`;
    assert.deepEqual(parseRecords(text), [record(100)]);
  });

  it("joins a commit with the generation that it made, and leaves others' generations as they are", () => {
    const generations = [
      { number: 7, madeAt: 90, toplevel: old },
      { number: 8, madeAt: 198, toplevel: declared },
    ];
    const history = mergeHistory(generations, [record(150, { verdict: "rolled-back" }), record(200)]);
    assert.deepEqual(
      history.map(({ at, generation, deployment }) => [at, generation, deployment?.verdict ?? null]),
      [
        [90, 7, null],
        [150, null, "rolled-back"],
        [200, 8, "committed"],
      ],
    );
  });

  it("gives each commit of one system its own generation; one whose generation was collected has none", () => {
    const generations = [{ number: 9, madeAt: 299, toplevel: declared }];
    const history = mergeHistory(generations, [record(100), record(300)]);
    assert.deepEqual(
      history.map(({ at, generation }) => [at, generation]),
      [
        [100, null],
        [300, 9],
      ],
    );
  });
});
