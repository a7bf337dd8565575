import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GcpNodeArgs } from "../../components/gcp-node.ts";
import { type Registered, recordResources, resolved } from "./support.ts";

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
  const placing = ({ type }: Registered): Record<string, unknown> =>
    type.endsWith(":Placement") ? { placedIn: "europe-west4-a" } : {};

  it("runs in the zone that was found for it, with an address of that region", async () => {
    const resources = await recordResources(placing);
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const zones = ["us-central1-b", "europe-west4-a"];
    const node = new GcpNode("galena-node", { ...args, zones });
    await resolved(node.address);
    const placed = resources.flatMap(({ inputs }) => [inputs["zone"], inputs["region"]]).filter(Boolean);
    assert.deepEqual(placed.sort(), ["europe-west4", "europe-west4-a"]);
    const placement = resources.find(({ name }) => name === "galena-node-placement");
    assert.deepEqual([placement?.inputs["zones"], placement?.inputs["zone"]], [zones, null]);
  });

  it("knows the address's region before the zone, where all candidates are in one", async () => {
    const resources = await recordResources(placing);
    const { GcpNode } = await import("../../components/gcp-node.ts");
    await resolved(new GcpNode("galena-node", { ...args, zones: ["us-central1-b", "us-central1-f"] }).address);
    const address = resources.find(({ type }) => type === "gcp:compute/address:Address");
    assert.equal(address?.inputs["region"], "us-central1");
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
