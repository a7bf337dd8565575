import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { knownNodes, knownZones } from "../../stack/known-nodes.ts";

const type = "gcp:compute/instance:Instance";
const tree = "clan:index:Fleet$clan:index:MachineRegistry$clan:index:Machine$clan:gcp:Node";
const urn = (name: string, parents = tree) => `urn:pulumi:burst::fleet::${parents}$${type}::${name}`;

describe("the nodes that a stack's state has", () => {
  it("are its VMs by their machines, with what decides whether they can stay", () => {
    const outputs = {
      project: "minerals-lab",
      zone: "https://www.googleapis.com/compute/v1/projects/minerals-lab/zones/us-central1-f",
      bootDisk: { initializeParams: { size: 100, image: "debian-12" } },
      guestAccelerators: [
        { type: "projects/minerals-lab/zones/us-central1-f/acceleratorTypes/nvidia-tesla-t4", count: 1 },
      ],
      deletionProtection: true,
      instanceId: "4711",
      desiredStatus: "RUNNING",
      currentStatus: "TERMINATED",
    };
    assert.deepEqual(Object.fromEntries(knownNodes([{ urn: urn("scheelite-node-vm"), type, outputs }])), {
      scheelite: {
        project: "minerals-lab",
        zone: "us-central1-f",
        diskSizeGb: 100,
        accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
        deletionProtection: true,
        instanceId: "4711",
        isOff: true,
        isInstalled: false,
        hasOwnImage: false,
      },
    });
  });

  it("are installed once an installation made just this VM a NixOS, or, without one, something was deployed to it", () => {
    const vm = { urn: urn("galena-node-vm"), type, outputs: { project: "p", zone: "z", instanceId: "4711" } };
    const dynamic = (kind: string, outputs: object) => {
      const of = `pulumi-nodejs:dynamic/clan:${kind}`;
      return { urn: `urn:pulumi:burst::fleet::${of}::x`, type: of, outputs: { machine: "galena", ...outputs } };
    };
    const installed = (...others: ReturnType<typeof dynamic>[]) =>
      knownNodes([vm, ...others]).get("galena")?.isInstalled;
    const running = dynamic("SystemClosure", { running: "/nix/store/x" });
    assert.equal(installed(), false);
    assert.equal(installed(running), true);
    assert.equal(installed(dynamic("SystemClosure", { running: null })), false);
    assert.equal(installed(dynamic("SystemClosure", { running: "/nix/store/x", machine: "scheelite" })), false);
    assert.equal(installed(dynamic("SystemClosure", { running: "/nix/store/x", instanceId: "4710" })), false);
    assert.equal(installed(dynamic("Installation", { installed: "installed", instanceId: "4711" })), true);
    assert.equal(installed(dynamic("Installation", { installed: "already" })), true, "of a release that kept no id");
    assert.equal(installed(dynamic("Installation", { installed: null, instanceId: "4711" }), running), false);
    assert.equal(installed(dynamic("Installation", { installed: "installed", instanceId: "4710" }), running), false);
  });

  it("have the zones that were found for them, also where no VM came of it", () => {
    const of = "pulumi-nodejs:dynamic/clan:Placement";
    const resource = (outputs: object) => ({ urn: `urn:pulumi:burst::fleet::${of}::x`, type: of, outputs });
    const resources = [resource({ machine: "galena", placedIn: "us-central1-f" }), resource({ machine: "scheelite" })];
    assert.deepEqual([...knownZones(resources)], [["galena", "us-central1-f"]]);
    assert.equal(knownNodes(resources).size, 0);
  });

  it("are found in a state that knows less of them, and are not the program's other VMs", () => {
    const outputs = { project: "p", zone: "us-central1-b" };
    const resources = [
      { urn: urn("galena-node-vm"), type, outputs },
      { urn: urn("bastion", "pulumi:pulumi:Stack"), type, outputs },
      { urn: urn("half-node-vm"), type, outputs: {} },
    ];
    assert.deepEqual(
      [...knownNodes(resources)].map(([machine, { diskSizeGb, isOff }]) => [machine, diskSizeGb, isOff]),
      [["galena", undefined, false]],
    );
  });
});
