import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fleetModelSchema } from "../../clan/fleet-model.ts";
import { parseStackConfig } from "../../clan/stack-config.ts";
import type { KnownNode } from "../../stack/known-nodes.ts";
import { unconfirmedNodes } from "../../stack/unconfirmed-nodes.ts";

const definedAt = { file: "modules/nodes/gcp.ts", line: 1 };
const stated = {
  kind: "gcp",
  project: "minerals-lab",
  machineType: "e2-standard-8",
  zones: ["us-central1-b", "us-central1-f"],
  accelerators: [],
  diskSizeGb: 100,
  image: "debian-cloud/debian-12",
  onHostMaintenance: "MIGRATE",
  labels: {},
  sshSources: [],
  definedAt,
};
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

interface Case {
  /** The stack's `nodes.galena`. */
  readonly stack?: object;
  /** The fleet's `nodes.galena`, where it is another; null: there is none. */
  readonly node?: object | null;
  readonly selected?: readonly string[];
  /** The state's VM of galena; null: the state has none; "untold": the state cannot be told. */
  readonly known?: KnownNode | null | "untold";
}

function asked({ stack = {}, node = {}, selected = ["cinnabar", "galena"], known = vm }: Case): readonly string[] {
  const file = "Pulumi.burst.yaml";
  const config = parseStackConfig({ "pulumi-clan:nodes": JSON.stringify({ galena: stack }) }, file);
  const nodes = fleetModelSchema.shape.nodes.parse(node === null ? {} : { galena: { ...stated, ...node } });
  const state = known === "untold" ? undefined : new Map(known === null ? [] : [["galena", known]]);
  const at = { project: "pulumi-clan", name: "burst", file, config };
  return unconfirmedNodes({ nodes, machines: {} }, selected, at, state).map(({ message }) => message);
}

const summary = (errors: readonly string[]) => errors.map((message) => message.split("\n")[0]);

describe("a node that is to be deleted", () => {
  it("is asked about with what is lost and the command that confirms it", () => {
    assert.deepEqual(asked({ stack: { power: "absent" } }), [
      `galena is absent: its VM in minerals-lab would be deleted with its disk of 100 GB
  expected: confirmDestroy: galena, for nothing brings the disk back; power: off stops the VM and keeps it
  found:    no confirmation
  at:       Pulumi.burst.yaml: pulumi-clan:nodes.galena.confirmDestroy
  fix:      pulumi config set --path 'pulumi-clan:nodes.galena.confirmDestroy' galena --stack burst, and take it out again afterwards`,
    ]);
  });

  it("is asked about where another machine was confirmed", () => {
    const errors = asked({ stack: { power: "absent", confirmDestroy: "scheelite" } });
    assert.match(String(errors), /found: {4}"scheelite"/);
  });

  it("goes when its own name is given", () => {
    assert.deepEqual(asked({ stack: { power: "absent", confirmDestroy: "galena" } }), []);
  });

  it("has nothing to lose where the stack never made it, and may have where that cannot be told", () => {
    assert.deepEqual(asked({ stack: { power: "absent" }, known: null }), []);
    assert.equal(asked({ stack: { power: "absent" }, known: "untold" }).length, 1);
  });

  it("is none while it is on or off", () => {
    for (const stack of [{ power: "on" }, { power: "off" }, {}]) assert.deepEqual(asked({ stack }), []);
  });

  it("is asked about just so where its machine left the stack or the fleet, or lost its node", () => {
    assert.deepEqual(summary(asked({ selected: ["cinnabar"] })), [
      "galena is no machine of this fleet any more: its VM in minerals-lab would be deleted with its disk of 100 GB",
    ]);
    assert.deepEqual(summary(asked({ node: null })), [
      "galena has no node any more: its VM in minerals-lab would be deleted with its disk of 100 GB",
    ]);
    assert.deepEqual(asked({ selected: ["cinnabar"], stack: { confirmDestroy: "galena" } }), []);
  });
});

describe("a node that is to be replaced", () => {
  it("is asked about with every change that Google can make to a new VM only", () => {
    const node = {
      project: "minerals-two",
      zones: ["us-central1-f"],
      diskSizeGb: 200,
      accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
    };
    assert.deepEqual(summary(asked({ node })), [
      "galena: its project was minerals-lab and is minerals-two, and us-central1-b is no candidate any more, only " +
        "us-central1-f, and its disk had 100 GB and is to have 200, and it had no GPU and is to have 1 × nvidia-tesla-t4: " +
        "its VM in minerals-lab would be replaced, and its disk of 100 GB is lost",
    ]);
    assert.deepEqual(asked({ node, stack: { confirmDestroy: "galena" } }), []);
  });

  it("is asked about where the stack names another zone, and not where it names the VM's own", () => {
    assert.equal(asked({ stack: { zone: "us-central1-f" } }).length, 1);
    assert.deepEqual(asked({ stack: { zone: "us-central1-b" }, node: { zones: ["us-central1-f"] } }), []);
  });

  it("is none where what changes can be changed: order of zones, machine type, image, labels", () => {
    const node = {
      zones: ["us-central1-f", "us-central1-b"],
      machineType: "e2-standard-4",
      image: "debian-cloud/debian-13",
    };
    assert.deepEqual(asked({ node: { ...node, labels: { a: "b" } } }), []);
    assert.deepEqual(asked({ node: { diskSizeGb: 200 }, known: { ...vm, diskSizeGb: undefined } }), [], "not known");
  });
});

describe("a node that is protected against deletion", () => {
  it("stays although it is confirmed, and the order is told: protection first", () => {
    const known = { ...vm, deletionProtection: true };
    assert.deepEqual(asked({ stack: { power: "absent", confirmDestroy: "galena" }, known }), [
      `galena is absent: its VM in minerals-lab would be deleted with its disk of 100 GB, and it is protected against deletion
  expected: a VM that Google lets go, before anything of it is touched
  found:    deletionProtection: true
  at:       nodes.galena.deletionProtection
  fix:      take this change back, set deletionProtection: false, \`pulumi up --stack burst\`, then make it again; or leave the VM as it is`,
    ]);
    const moved = asked({ stack: { confirmDestroy: "galena" }, node: { zones: ["us-central1-f"] }, known });
    assert.match(String(summary(moved)), /would be replaced, .* and it is protected against deletion$/);
    assert.deepEqual(
      asked({ node: { deletionProtection: false }, known }),
      [],
      "the protection itself can be taken back",
    );
  });
});
