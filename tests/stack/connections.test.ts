import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import type { FleetModel, GcpNodeModel, MachineModel } from "../../clan/fleet-model.ts";
import { StackConfigError } from "../../clan/stack-config.ts";
import type { StackConfig } from "../../clan/stack-config-schema.ts";
import { readConnections } from "../../stack/connections.ts";
import { wayOf } from "../../stack/delivery.ts";
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
  serviceAccount: null,
  deletionProtection: false,
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
      from: "inventory",
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

  it("dials a name of the mesh at the address that the clan's vars have", async () => {
    const folder = path.join(root, "vars/per-machine/cinnabar/zerotier/zerotier-ip");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "value"), "fd5d::1\n");
    const connection = (await read(fleet({ cinnabar: machine("root@cinnabar.zt", 3) }))).get("cinnabar");
    assert.deepEqual([connection?.targetHost, connection?.address], ["root@cinnabar.zt", "fd5d::1"]);
    const elsewhere = (await read(fleet({ cinnabar: machine("root@192.0.2.1", 3) }))).get("cinnabar");
    assert.equal(elsewhere?.address, undefined);
  });

  it("needs no address for a machine on a node, and none at all for one whose node is absent", async () => {
    const model = fleet({ galena: machine(null, 5) }, { galena: node });
    assert.equal((await read(model)).get("galena")?.targetHost, "root@galena");
    assert.equal((await read(model, { nodes: { galena: { power: "absent" } } })).size, 0);
  });

  it("keeps what the stack states for a machine on a node over the node's own address", async () => {
    const model = fleet({ galena: machine("ops@galena:2222", 5) }, { galena: node });
    const fromNode = (await read(model)).get("galena");
    assert.deepEqual([fromNode?.targetHost, fromNode?.from], ["ops@galena:2222", "node"]);
    const stated = (await read(model, { hosts: { galena: { targetHost: "root@10.1.2.3" } } })).get("galena");
    assert.deepEqual([stated?.targetHost, stated?.from], ["root@10.1.2.3", "stack"]);
  });
});

describe("jump hosts of the stack", () => {
  let root = "";
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), "jumps-"));
    const folder = path.join(root, "vars/per-machine/cinnabar/openssh/ssh.id_ed25519.pub");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "value"), `${key}\n`);
    await writeFile(path.join(root, "jump-id"), "a private key");
  });
  after(() => rm(root, { recursive: true }));

  const model = fleet({ cinnabar: machine("ops@192.0.2.1:2222", 3), electrum: machine("root@10.0.0.2", 4) });
  const read = async (config: StackConfig, name = "electrum") => {
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config };
    const owned = planMachines(model, Object.keys(model.machines), stack);
    return (await readConnections(root, stack, model, owned, AbortSignal.timeout(10_000))).get(name);
  };
  const definedAt = "Pulumi.core.yaml: pulumi-clan:proxyJump";

  it("are left to ~/.ssh/config where the stack says nothing, and none where it says none", async () => {
    assert.equal((await read({}))?.jumpHosts, undefined);
    assert.deepEqual((await read({ proxyJump: "none" }))?.jumpHosts, []);
    assert.deepEqual((await read({ proxyJump: "edge", hosts: { electrum: { proxyJump: "none" } } }))?.jumpHosts, []);
  });

  it("have pins and identity of their own", async () => {
    const config = {
      proxyJump: "ops@edge.example:2200, [2001:db8::7]",
      jumpHosts: { "edge.example": { hostKey: `${key} edge`, identityFile: "jump-id" } },
    };
    assert.deepEqual((await read(config))?.jumpHosts, [
      {
        target: "ops@edge.example:2200",
        definedAt,
        hostKeys: [{ key, source: "Pulumi.core.yaml: pulumi-clan:jumpHosts.edge.example.hostKey" }],
        identityFiles: [path.join(root, "jump-id")],
      },
      { target: "[2001:db8::7]", definedAt, hostKeys: [], identityFiles: [] },
    ]);
  });

  it("may be machines of the fleet, by name: with their address and the key of the clan's vars", async () => {
    const [hop] = (await read({ hosts: { electrum: { proxyJump: "root@cinnabar" } } }))?.jumpHosts ?? [];
    assert.equal(hop?.target, "root@192.0.2.1:2222");
    assert.equal(hop?.definedAt, "Pulumi.core.yaml: pulumi-clan:hosts.electrum.proxyJump");
    assert.deepEqual(
      hop?.hostKeys.map((pin) => pin.key),
      [key],
    );
  });

  it("are dialled at their address in the mesh where their name is one of it, as any machine", async () => {
    const folder = path.join(root, "vars/per-machine/pyrite/zerotier/zerotier-ip");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "value"), "fd5d::7\n");
    const meshed = fleet({ pyrite: machine("root@pyrite.zt", 3), electrum: machine("root@10.0.0.2", 4) });
    const jumps = async (proxyJump: string) => {
      const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config: { proxyJump } };
      const owned = planMachines(meshed, ["electrum"], stack);
      const way = (await readConnections(root, stack, meshed, owned, AbortSignal.timeout(10_000))).get("electrum");
      return way?.jumpHosts?.map(({ target, address }) => [target, address]);
    };
    assert.deepEqual(await jumps("pyrite"), [["root@pyrite.zt", "fd5d::7"]]);
    assert.deepEqual(await jumps("ops@edge.zt"), [["ops@edge.zt", undefined]], "no machine of the fleet");
  });

  it("end at the machine itself: a default for all leaves the jump host reachable", async () => {
    const config = { proxyJump: "edge,cinnabar" };
    assert.deepEqual(
      (await read(config, "cinnabar"))?.jumpHosts?.map(({ target }) => target),
      ["edge"],
    );
    assert.deepEqual(
      (await read(config))?.jumpHosts?.map(({ target }) => target),
      ["edge", "ops@192.0.2.1:2222"],
    );
  });

  it("are an error where they are none, are described for nothing, or their key cannot be pinned", async () => {
    await assert.rejects(read({ proxyJump: "edge,-oProxyCommand=id" }), { code: "FLEET_SSH_TARGET" });
    await assert.rejects(
      read({ proxyJump: "edge.example", jumpHosts: { "egde.example": { hostKey: key } } }),
      /describes the jump host egde\.example, through which no way goes[\s\S]*write "edge\.example"/,
    );
    await assert.rejects(read({ proxyJump: "edge", jumpHosts: { edge: { hostKey: "ssh-ed25519 AAAA" } } }), {
      message: /pulumi-clan:jumpHosts\.edge\.hostKey/,
    });
    await assert.rejects(read({ proxyJump: "edge", jumpHosts: { edge: { identityFile: "gone" } } }), {
      message: /pulumi-clan:jumpHosts\.edge\.identityFile/,
    });
  });

  it("make the same private address behind two of them two addresses", async () => {
    const twins = fleet({ cinnabar: machine("root@10.0.0.2", 3), electrum: machine("root@10.0.0.2", 4) });
    const config = { hosts: { cinnabar: { proxyJump: "one" }, electrum: { proxyJump: "two" } } };
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config };
    const owned = planMachines(twins, Object.keys(twins.machines), stack);
    const connections = await readConnections(root, stack, twins, owned, AbortSignal.timeout(10_000));
    assert.equal(connections.size, 2);
  });

  it("and the back end are part of the way that a deployment takes", async () => {
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config: {} };
    const connection = await read({ proxyJump: "edge", backEnd: "openssh", hosts: { electrum: { backEnd: "ssh2" } } });
    assert.ok(connection);
    const { jumpHosts, backEnd } = wayOf("electrum", connection, stack);
    assert.deepEqual([jumpHosts?.[0]?.target, backEnd], ["edge", "ssh2"]);
  });
});
