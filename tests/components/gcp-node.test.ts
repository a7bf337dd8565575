import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GcpNodeArgs } from "../../components/gcp-node.ts";
import { recordResources, resolved } from "./support.ts";

const args: GcpNodeArgs = {
  machine: "galena",
  project: "minerals-lab",
  machineType: "e2-standard-8",
  zones: ["us-central1-b"],
  accelerators: [],
  diskSizeGb: 100,
  image: "debian-cloud/debian-12",
  onHostMaintenance: "MIGRATE",
  labels: {},
  sshSources: [],
  power: "on",
};

describe("GcpNode", () => {
  it("stays where it is when its zones are stated in another order: a new VM would have a new, empty disk", async () => {
    const resources = await recordResources();
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const ignored = new Map<string, readonly string[]>();
    const zones = ["europe-west4-a", "us-central1-b"];
    const node = new GcpNode(
      "galena-node",
      { ...args, zones },
      {
        transformations: [
          ({ name, opts }) => {
            ignored.set(name, opts.ignoreChanges ?? []);
            return undefined;
          },
        ],
      },
    );
    await resolved(node.address);
    assert.deepEqual([ignored.get("galena-node-vm"), ignored.get("galena-node-address")], [["zone"], ["region"]]);
    const placed = resources.flatMap(({ inputs }) => [inputs["zone"], inputs["region"]]).filter(Boolean);
    assert.deepEqual(placed.sort(), ["europe-west4", "europe-west4-a"], "a new one takes the first zone");
  });

  it("has no rule for 22/tcp when no range is named: one without sources would be refused or open to all", async () => {
    const resources = await recordResources();
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const node = new GcpNode("galena-node", args);
    await resolved(node.address);
    const rules = resources.filter(({ type }) => type === "gcp:compute/firewall:Firewall");
    assert.deepEqual(
      rules.map(({ name }) => name),
      ["galena-node-zerotier"],
    );
  });
});
