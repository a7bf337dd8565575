import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { recordResources, resolved } from "./support.ts";

describe("GcpNode", () => {
  it("has no rule for 22/tcp when no range is named: one without sources would be refused or open to all", async () => {
    const resources = await recordResources();
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const node = new GcpNode("galena-node", {
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
    });
    await resolved(node.address);
    const rules = resources.filter(({ type }) => type === "gcp:compute/firewall:Firewall");
    assert.deepEqual(
      rules.map(({ name }) => name),
      ["galena-node-zerotier"],
    );
  });
});
