import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { KnownNode } from "../../stack/known-nodes.ts";
import { nodeDrift, type WantedNode } from "../../stack/node-drift.ts";

const vm: KnownNode = {
  project: "minerals-lab",
  zone: "us-central1-b",
  diskSizeGb: 100,
  accelerators: [],
  deletionProtection: false,
  instanceId: "4711",
  isOff: false,
  isInstalled: true,
  hasOwnImage: false,
};
const running = { id: "4711", status: "RUNNING" };
const off = { id: "4711", status: "TERMINATED" };

describe("a VM that is not as the stack left it", () => {
  const told = (
    known: KnownNode,
    seen: typeof running | undefined,
    wanted: Partial<WantedNode> = {},
    how?: string,
  ): string | undefined => nodeDrift(known, seen, { power: "on", isInstalledHere: false, ...wanted })?.render(how);

  it("was stopped: what starts it is said, and that its disk is there", () => {
    assert.equal(
      told(vm, off, {}, "preempted by Google at 2026-11-23 22:10 UTC"),
      "its VM in us-central1-b is TERMINATED, its disk is kept: preempted by Google at 2026-11-23 22:10 UTC; " +
        "`pulumi up --refresh` starts it; without --refresh Pulumi goes by its state and leaves it off",
    );
    assert.match(told(vm, off) ?? "", /: stopped by hand, or by Google;/);
  });

  it("was deleted: the disk is gone, and the new one is installed where this stack installs", () => {
    assert.equal(
      told(vm, undefined, { isInstalledHere: true }, "deleted by ops@fleet.example"),
      "its VM in us-central1-b is gone with its disk of 100 GB: deleted by ops@fleet.example; `pulumi up --refresh` makes " +
        "a new one and installs it; without --refresh Pulumi goes by its state and finds nobody",
    );
    assert.match(told({ ...vm, diskSizeGb: undefined }, undefined) ?? "", /gone with its disk: .* and deploys to it;/);
  });

  it("was replaced by somebody: the other VM is named", () => {
    assert.match(
      told(vm, { ...running, id: "4712" }) ?? "",
      /^its VM 4711 in us-central1-b is gone .*; in its place is another, 4712: `pulumi up --refresh` takes that one/,
    );
  });

  it("was started while it shall be off: it costs", () => {
    const known = { ...vm, isOff: true };
    assert.match(told(known, running, { power: "off" }) ?? "", /is RUNNING and costs: started outside this stack;/);
  });

  it("is as it was left, or as the state knows it already", () => {
    assert.equal(told(vm, running), undefined);
    assert.equal(told({ ...vm, instanceId: undefined }, running), undefined);
    assert.equal(told({ ...vm, isOff: true }, off), undefined, "the preview shows the start");
    assert.equal(told({ ...vm, isOff: true }, off, { power: "off" }), undefined);
    assert.equal(told(vm, running, { power: "off" }), undefined, "the preview shows the stop");
    assert.equal(told(vm, { ...running, status: "STAGING" }), undefined);
  });
});
