import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { NodePlan } from "../../../clan/plan/machine-plan.ts";
import type { KnownNode } from "../../../stack/known-nodes.ts";
import type { OwnedMachine } from "../../../stack/owned-machines.ts";
import { planLeavingNode, planNode } from "../../../stack/plan/plan-node.ts";

type Node = NonNullable<OwnedMachine["node"]>;

const vm: KnownNode = {
  project: "minerals-lab",
  zone: "us-central1-b",
  machineType: "n1-standard-4",
  diskSizeGb: 100,
  accelerators: [],
  deletionProtection: false,
  instanceId: "4711",
  isOff: false,
  isInstalled: true,
  hasOwnImage: false,
};
const spec: Node["spec"] = {
  kind: "gcp",
  project: "minerals-lab",
  machineType: "n1-standard-4",
  zones: ["us-central1-a", "us-central1-b"],
  accelerators: [],
  diskSizeGb: 100,
  image: "debian-12",
  onHostMaintenance: "MIGRATE",
  labels: {},
  sshSources: [],
  serviceAccount: null,
  deletionProtection: false,
  definedAt: { file: "nodes.ts", line: 1 },
};

/** @param known - the VM of the state. */
function planned(
  changed: Partial<Node["spec"]> & Partial<Pick<Node, "power" | "zone">>,
  known: KnownNode | "none" | "unreadable" = vm,
  zones?: ReadonlyMap<string, string>,
): NodePlan {
  const { power = "on", zone, ...shape } = changed;
  const node: Node = { spec: { ...spec, ...shape }, power, zone };
  const machine = { machine: "galena", spec: { class: "nixos" }, node } as unknown as OwnedMachine; // of its spec nothing is read
  const vms = known === "unreadable" ? undefined : new Map(known === "none" ? [] : [["galena", known]]);
  return planNode(machine, vms, zones) ?? assert.fail("no plan");
}
const on = 146.35;
const off = 11.3;

describe("the plan for a node", () => {
  it("is none where it is as declared, with its zone and what it costs", () => {
    assert.deepEqual(planned({}), {
      action: "none",
      changes: [],
      power: { before: "on", after: "on" },
      zone: { before: "us-central1-b", after: "us-central1-b" },
      zonesTried: [],
      costPerMonth: { before: on, after: on },
    });
  });

  it("is changed in place where it is switched, or gets another machine type", () => {
    const switched = planned({ power: "off" });
    assert.deepEqual(
      [switched.action, switched.changes, switched.costPerMonth],
      ["update", ["power on → off"], { before: on, after: off }],
    );
    assert.deepEqual(planned({}, { ...vm, isOff: true }).changes, ["power off → on"]);
    const grown = planned({ machineType: "n1-standard-8" });
    assert.deepEqual(grown.changes, ["machineType n1-standard-4 → n1-standard-8, for which it is stopped"]);
    assert.ok((grown.costPerMonth.after ?? 0) > on);
  });

  it("is replaced where Google can do it only to a new VM, in the same zone while that is a candidate", () => {
    const bigger = planned({ diskSizeGb: 200 });
    assert.deepEqual([bigger.action, bigger.changes], ["replace", ["its disk had 100 GB and is to have 200"]]);
    const inB = { before: "us-central1-b", after: "us-central1-b" };
    assert.deepEqual([bigger.zone, bigger.zonesTried], [inB, []]);
    assert.deepEqual(planned({ zone: "us-central1-a" }).zone, { ...inB, after: "us-central1-a" });
    const others = ["us-central1-c", "us-central1-f"];
    const moved = planned({ zones: others });
    assert.deepEqual([moved.zone, moved.zonesTried], [{ ...inB, after: null }, others]);
  });

  it("names the zones in which room is looked for, unless one was found before", () => {
    const made = planned({}, "none");
    assert.deepEqual([made.zone.after, made.zonesTried], [null, ["us-central1-a", "us-central1-b"]]);
    const found = planned({}, "none", new Map([["galena", "us-central1-b"]]));
    assert.deepEqual([found.zone.after, found.zonesTried], ["us-central1-b", []]);
    const foundElsewhere = planned({}, "none", new Map([["galena", "us-central1-f"]]));
    assert.deepEqual([foundElsewhere.zone.after, foundElsewhere.zonesTried], [null, made.zonesTried]);
    assert.deepEqual(planned({ zone: "us-central1-f" }, "none").zonesTried, []);
  });

  it("is made where the state has none, and not known where there is no state", () => {
    const made = planned({ zones: ["us-central1-f"] }, "none");
    assert.deepEqual(
      [made.action, made.power, made.zone.after],
      ["create", { before: "absent", after: "on" }, "us-central1-f"],
    );
    assert.deepEqual(made.costPerMonth, { before: 0, after: on });
    const unread = planned({}, "unreadable");
    assert.deepEqual([unread.action, unread.power.before, unread.costPerMonth.before], ["unknown", null, null]);
  });

  it("does not know what costs where no price is known", () => {
    const { machineType: _none, ...old } = vm;
    assert.equal(planned({}, old).costPerMonth.before, null);
    assert.equal(planned({ machineType: "a3-highgpu-8g" }).costPerMonth.after, null);
  });

  it("ends where its machine leaves the stack", () => {
    const { action, power, costPerMonth } = planLeavingNode(vm);
    assert.deepEqual(
      [action, power, costPerMonth],
      ["delete", { before: "on", after: "absent" }, { before: on, after: 0 }],
    );
  });
});
