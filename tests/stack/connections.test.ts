import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import type { FleetModel, GcpNodeModel, MachineModel } from "../../clan/fleet-model.ts";
import { type StackConfig, StackConfigError } from "../../clan/stack-config.ts";
import { readConnections } from "../../stack/connections.ts";
import { planMachines } from "../../stack/owned-machines.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

function machine(targetHost: string | null, line: number): MachineModel {
  return {
    class: "nixos",
    system: "x86_64-linux",
    tags: [],
    description: null,
    targetHost,
    buildHost: null,
    imports: [],
    users: [],
    registered: true,
    inInventory: true,
    definedAt: { file: "modules/clan/inventory/machines.ts", line },
  };
}

const node: GcpNodeModel = {
  kind: "gcp",
  project: "p",
  machineType: "e2-standard-8",
  zones: ["us-central1-b"],
  accelerators: [],
  diskSizeGb: 100,
  image: "debian-cloud/debian-12",
  onHostMaintenance: "MIGRATE",
  labels: {},
  sshSources: ["203.0.113.0/24"],
  definedAt: { file: "modules/nodes/gcp.ts", line: 1 },
};

function fleet(machines: Record<string, MachineModel>, nodes: Record<string, GcpNodeModel> = {}): FleetModel {
  return {
    schema: 1,
    name: "test",
    machines,
    nodes,
    namespaces: {},
    instances: {},
    tags: {},
    vars: { directory: "vars", perMachine: {}, shared: [] },
    secretStore: null,
  } as FleetModel; // machine names are branded; the model's own schema is tested elsewhere
}

describe("the way to the stack's machines", () => {
  let root = "";
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), "connections-"));
    const folder = path.join(root, "vars/per-machine/cinnabar/openssh/ssh.id_ed25519.pub");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "value"), `${key}\n`);
    await writeFile(path.join(root, "id"), "a private key");
  });
  after(() => rm(root, { recursive: true }));

  const read = (model: FleetModel, config: StackConfig = {}) => {
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config };
    const owned = planMachines(model, Object.keys(model.machines), stack);
    return readConnections(root, stack, model, owned, AbortSignal.timeout(10_000));
  };

  it("is the inventory's target host, with the key from the clan's vars", async () => {
    const connections = await read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }));
    assert.deepEqual(connections.get("cinnabar"), {
      targetHost: "root@192.0.2.1",
      definedAt: "modules/clan/inventory/machines.ts:3",
      identityFiles: [],
      hostKeys: [{ key, source: path.join(root, "vars/per-machine/cinnabar/openssh/ssh.id_ed25519.pub/value") }],
    });
  });

  it("is the stack's target host where it has one, with identity files below the project", async () => {
    const config = { hosts: { cinnabar: { targetHost: "ops@192.0.2.2:2222" } }, identityFile: "id" };
    const connection = (await read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }), config)).get("cinnabar");
    assert.equal(connection?.targetHost, "ops@192.0.2.2:2222");
    assert.equal(connection?.definedAt, "Pulumi.core.yaml: pulumi-clan:hosts.cinnabar.targetHost");
    assert.deepEqual(connection?.identityFiles, [path.join(root, "id")]);
  });

  it("is an error for a key file that is not there, before any host is asked", async () => {
    const config = { identityFile: "keys/gone" };
    await assert.rejects(read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }), config), (error: unknown) => {
      assert.ok(error instanceof StackConfigError);
      assert.equal(error.facts.found, `no file ${path.join(root, "keys/gone")}`);
      assert.equal(error.facts.at, "Pulumi.core.yaml: pulumi-clan:identityFile");
      return true;
    });
  });

  it("pins the stack's key for a machine without one among the vars", async () => {
    const config = { hosts: { rosegold: { hostKey: `${key} a comment` } } };
    const connection = (await read(fleet({ rosegold: machine("root@192.0.2.3", 4) }), config)).get("rosegold");
    assert.deepEqual(connection?.hostKeys, [{ key, source: "Pulumi.core.yaml: pulumi-clan:hosts.rosegold.hostKey" }]);
  });

  it("is an error for a machine that nothing places, at the line that defines it", async () => {
    await assert.rejects(read(fleet({ rosegold: machine(null, 7) })), (error: unknown) => {
      assert.ok(error instanceof StackConfigError);
      assert.equal(error.facts.summary, "rosegold has no target host: nothing says where it is");
      assert.equal(error.facts.at, "modules/clan/inventory/machines.ts:7");
      return true;
    });
  });

  it("is an error for two machines with one address, naming both places", async () => {
    const model = fleet({ cinnabar: machine("root@192.0.2.1", 3), electrum: machine("admin@192.0.2.1", 9) });
    await assert.rejects(read(model), (error: unknown) => {
      assert.ok(error instanceof StackConfigError);
      assert.equal(error.facts.summary, "cinnabar and electrum have one address");
      assert.equal(
        error.facts.found,
        "192.0.2.1:22 for both (modules/clan/inventory/machines.ts:3 and modules/clan/inventory/machines.ts:9)",
      );
      return true;
    });
  });

  it("counts one address written in two ways as one", async () => {
    const model = fleet({ cinnabar: machine("root@Host.example:22", 3), electrum: machine("ssh://host.example.", 9) });
    await assert.rejects(read(model), /cinnabar and electrum have one address/);
  });

  it("is an error for a key that cannot be pinned, at its key in the stack", async () => {
    const config = { hosts: { cinnabar: { hostKey: "ssh-ed25519 AAAA" } } };
    await assert.rejects(read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }), config), (error: unknown) => {
      assert.ok(error instanceof StackConfigError);
      assert.equal(error.facts.at, "Pulumi.core.yaml: pulumi-clan:hosts.cinnabar.hostKey");
      assert.equal(error.facts.found, "the key's data is not of type ssh-ed25519");
      return true;
    });
  });

  it("is an error for a host or node that the fleet does not have", async () => {
    const config = { hosts: { cinabar: {} }, nodes: { galena: {} } } satisfies StackConfig;
    await assert.rejects(read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }), config), /cinabar[\s\S]*galena/);
  });

  it("needs no address for a machine on a node, and none at all for one whose node is absent", async () => {
    const model = fleet({ galena: machine(null, 5) }, { galena: node });
    assert.equal((await read(model)).get("galena")?.targetHost, "root@galena");
    assert.equal((await read(model, { nodes: { galena: { power: "absent" } } })).size, 0);
  });
});
