import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fleetModelSchema } from "../../clan/fleet-model.ts";
import { parseStackConfig } from "../../clan/stack-config.ts";
import { unconfirmedNodes } from "../../stack/unconfirmed-nodes.ts";

const nodes = fleetModelSchema.shape.nodes.parse({
  galena: {
    kind: "gcp",
    project: "minerals-lab",
    machineType: "e2-standard-8",
    zones: ["us-central1-b"],
    accelerators: [],
    diskSizeGb: 100,
    image: "debian-cloud/debian-12",
    onHostMaintenance: "MIGRATE",
    labels: {},
    sshSources: [],
    definedAt: { file: "modules/nodes/gcp.ts", line: 1 },
  },
});

function asked(node: object, deployed: readonly string[] | null = ["cinnabar", "galena"]): readonly string[] {
  const file = "Pulumi.burst.yaml";
  const config = parseStackConfig({ "pulumi-clan:nodes": JSON.stringify({ galena: node }) }, file);
  const stack = { project: "pulumi-clan", name: "burst", file, config };
  const errors = unconfirmedNodes({ nodes }, ["cinnabar", "galena"], stack, deployed ?? undefined);
  return errors.map(({ message }) => message);
}

describe("a node that is to be deleted", () => {
  it("is asked about with what is lost and the command that confirms it", () => {
    assert.deepEqual(asked({ power: "absent" }), [
      `galena is absent: its VM in minerals-lab would be deleted with its disk of 100 GB
  expected: confirmDestroy: galena, for nothing brings the disk back; power: off stops the VM and keeps it
  found:    no confirmation
  at:       Pulumi.burst.yaml: pulumi-clan:nodes.galena.confirmDestroy
  fix:      pulumi config set --path 'pulumi-clan:nodes.galena.confirmDestroy' galena --stack burst, and take it out again afterwards`,
    ]);
  });

  it("is asked about where another machine was confirmed", () => {
    assert.match(String(asked({ power: "absent", confirmDestroy: "scheelite" })), /found: {4}"scheelite"/);
  });

  it("goes when its own name is given", () => {
    assert.deepEqual(asked({ power: "absent", confirmDestroy: "galena" }), []);
  });

  it("has nothing to lose where the stack never made it, and may have where that cannot be told", () => {
    assert.deepEqual(asked({ power: "absent" }, ["cinnabar"]), []);
    assert.equal(asked({ power: "absent" }, null).length, 1);
  });

  it("is none while it is on or off", () => {
    assert.deepEqual([asked({ power: "on" }), asked({ power: "off" }), asked({})], [[], [], []]);
  });
});
