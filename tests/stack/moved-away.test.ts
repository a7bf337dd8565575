import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { StackFile } from "../../clan/checks/disk/stack-files.ts";
import { movedAway } from "../../stack/moved-away.ts";

const machines = { cinnabar: { tags: [] }, galena: { tags: ["gcp"] }, scheelite: { tags: ["gcp"] } };
const core = { project: "fleet", name: "core", file: "Pulumi.core.yaml", config: { machines: ["cinnabar"] } };
const files: readonly StackFile[] = [
  { file: "Pulumi.core.yaml", machines: ["cinnabar"] },
  { file: "Pulumi.burst.yaml", machines: ["tag:gcp"] },
  { file: "Pulumi.lab.yaml", systemBuilder: "sim/system" },
];
const found = (deployed: string[], others = files) =>
  movedAway(deployed, ["cinnabar"], machines, core, others).map(({ facts }) => [facts.summary, facts.fix]);

describe("a machine that another stack's file has now", () => {
  it("is not deleted by an update of the former one, which says how to move it", () => {
    assert.deepEqual(found(["cinnabar", "galena"]), [
      [
        "galena is now in Pulumi.burst.yaml, and still in the state of stack core",
        "fleet move galena --to burst; to give it up here all the same, take it out of Pulumi.burst.yaml first",
      ],
    ]);
  });

  it("is no hindrance once it is moved, nor where no other stack has it or only one of look-alikes", () => {
    assert.deepEqual(found(["cinnabar"]), []);
    const others = files.filter(({ file }) => file !== "Pulumi.burst.yaml");
    assert.deepEqual(found(["cinnabar", "galena"], others), []);
    assert.deepEqual(found(["cinnabar", "gone"]), [], "it left the fleet");
  });

  it("hinders nothing where the other's file cannot be read as a selection", () => {
    assert.deepEqual(found(["galena"], [{ file: "Pulumi.burst.yaml", machines: ["tag:gpc"] }]), []);
  });
});
