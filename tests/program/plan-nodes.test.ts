import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type GcpNodeModel, gcpNodeSchema } from "../../clan/fleet-model.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import { parseStackConfig } from "../../clan/stack-config.ts";
import type { StatedNode } from "../../components/node-order.ts";
import { planNodes } from "../../program/plan-nodes.ts";
import type { HostConnection } from "../../stack/connections.ts";
import type { KnownNode } from "../../stack/known-nodes.ts";
import type { OwnedMachine } from "../../stack/owned-machines.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const definedAt = { file: "modules/nodes/gcp.ts", line: 1 };
const debian = gcpNodeSchema.parse({
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
  definedAt,
});
const own: GcpNodeModel = { ...debian, image: { fromClosure: true } };
const installed: KnownNode = {
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

/** The node of one machine, as it is planned. @param vm - of the state. */
async function planned(spec: GcpNodeModel, vm?: Partial<KnownNode>, targetHost = "root@galena"): Promise<StatedNode> {
  const file = "Pulumi.burst.yaml";
  const config = parseStackConfig({ "pulumi-clan:nodes": JSON.stringify({ galena: { loginKeys: [key] } }) }, file);
  await using folder = await temporaryFleet({});
  const owned: OwnedMachine = {
    machine: "galena",
    spec: {
      class: "nixos",
      system: "x86_64-linux",
      tags: [],
      description: null,
      targetHost: null,
      buildHost: null,
      imports: [],
      users: [],
      registered: true,
      inInventory: true,
      definedAt,
    },
    node: { spec, power: "on" },
  };
  const connection: HostConnection = { targetHost, definedAt: file, from: "node", identityFiles: [], hostKeys: [] };
  const room = {
    fleet: await readFleet(folder.root),
    stack: { project: "fleet", name: "burst", file, config },
    connections: new Map([["galena", connection]]),
    vms: new Map(vm === undefined ? [] : [["galena", { ...installed, ...vm }]]),
  };
  const nodes = await planNodes([owned], room, () => undefined, AbortSignal.timeout(60_000));
  const node = nodes.get("galena");
  assert.ok(node);
  return node;
}

describe("a node as a program plans it", () => {
  it("lets the operator in while its VM is new, is to be another one, or was not installed, and then no more", async () => {
    const firstLogin = { user: "root", keys: [key] };
    assert.deepEqual((await planned(debian)).firstLogin, firstLogin);
    assert.deepEqual((await planned(debian, { zone: "us-central1-f" })).firstLogin, firstLogin);
    assert.deepEqual((await planned(debian, { isInstalled: false })).firstLogin, firstLogin);
    assert.equal((await planned(debian, {})).firstLogin, undefined);
    assert.equal((await planned(debian, undefined, "ops@galena")).firstLogin?.user, "ops");
  });

  it("knows the zone in which its VM is off, unless that is to be another one", async () => {
    assert.equal((await planned(debian, { isOff: true })).stoppedIn, "us-central1-b");
    assert.equal((await planned(debian, { isOff: true, diskSizeGb: 50 })).stoppedIn, undefined);
    assert.equal((await planned(debian, {})).stoppedIn, undefined);
  });

  it("makes no image for a VM that is there, and keeps the one that it has booted", async () => {
    const owner = { project: "fleet", stack: "burst" };
    const kept = await planned(own, { hasOwnImage: true });
    assert.deepEqual(kept.imageOrder, { build: null, owner, isDeployed: true });
    const failed = await planned(own, { hasOwnImage: true, isInstalled: false });
    assert.deepEqual(failed.imageOrder, { build: null, owner, isDeployed: false });
    assert.equal(failed.firstLogin, undefined, "its system says itself who may log in");
    assert.equal((await planned(own, {})).imageOrder, undefined, "it was installed over another one");
    assert.equal((await planned(debian, { hasOwnImage: true })).imageOrder, undefined);
  });
});
