import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { before, describe, it } from "mocha";
import { type FleetModel, fleetModelSchema } from "../../clan/fleet-model.ts";
import type { NodeOrder } from "../../components/cloud-node.ts";
import type { MachineSettings } from "../../components/machine.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import type { MachineTime } from "../../stack/times.ts";
import { type Registered, recordResources, resolved } from "./support.ts";

const toplevel = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system");
const definedAt = { file: "modules/clan/machines.ts", line: 1 };

const model: FleetModel = fleetModelSchema.parse({
  schema: 1,
  name: "minerals",
  machines: {
    cinnabar: machine("nixos", ["controller", "all", "nixos"]),
    galena: machine("nixos", ["peer", "all", "nixos"]),
  },
  namespaces: {},
  instances: {
    zerotier: {
      module: { name: "zerotier", input: null },
      roles: {
        controller: { machines: ["cinnabar"], tags: [], members: ["cinnabar"], settings: {} },
        peer: { machines: [], tags: ["peer"], members: ["galena"], settings: {} },
      },
      definedAt,
    },
  },
  tags: { all: ["cinnabar", "galena"], peer: ["galena"] },
  nodes: {
    galena: {
      kind: "gcp",
      project: "minerals-lab",
      machineType: "n1-standard-8",
      zones: ["us-central1-f"],
      accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
      diskSizeGb: 100,
      image: "debian-cloud/debian-12",
      onHostMaintenance: "TERMINATE",
      labels: { fleet: "minerals" },
      sshSources: ["203.0.113.0/24"],
      definedAt,
    },
  },
  vars: { directory: "vars", perMachine: {}, shared: [] },
  secretStore: null,
});

function machine(machineClass: string, tags: string[]) {
  return {
    class: machineClass,
    system: "x86_64-linux",
    tags,
    description: null,
    targetHost: null,
    buildHost: null,
    imports: [],
    users: [],
    registered: true,
    inInventory: true,
    definedAt,
  };
}

function settings(name: "cinnabar" | "galena", extra: Partial<MachineSettings> = {}): MachineSettings {
  const spec = Object.entries(model.machines).find(([machineName]) => machineName === name)?.[1];
  assert.ok(spec);
  return {
    machine: name,
    spec,
    targetHost: `root@${name}`,
    probe: () =>
      Promise.resolve({
        text: "reachable",
        observed: { running: toplevel, specialisations: [], profile: toplevel, settled: true },
      }),
    delivery: {
      system: "x86_64-linux",
      toplevel,
      drvPath: "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system.drv",
      buildOn: "local",
      identityFiles: [],
      hostKeys: [],
      policy: activationPolicySchema.parse({}),
      connectDeadlineSeconds: 5,
      deadlineSeconds: 60,
      owner: { project: "pulumi-clan", stack: "test" },
      secrets: null,
    },
    ...extra,
  };
}

function installation(): NonNullable<MachineSettings["installation"]> {
  const { identityFiles, hostKeys, connectDeadlineSeconds, owner, system, drvPath } = settings("galena").delivery;
  return {
    ...{ identityFiles, hostKeys, connectDeadlineSeconds, owner, system, drvPath, toplevel },
    foreignHostKeys: [],
    disko: { drvPath, script: toplevel, devices: ["/dev/sda"] },
    diskKeys: {},
    program: "nixos-anywhere",
    secrets: null,
  };
}

/** The component is imported when the engine's stand-in is there, as everything that registers resources. */
async function galenaNode(): Promise<NodeOrder> {
  const { nodeOrder } = await import("../../components/node-order.ts");
  const [spec] = Object.values(model.nodes);
  assert.ok(spec);
  return nodeOrder("galena", { spec, power: "on" });
}

describe("Fleet", () => {
  let resources: Registered[] = [];
  let table: Record<string, unknown> = {};
  const named = (name: string): Registered => {
    const found = resources.find((resource) => resource.name === name);
    assert.ok(found, `${name} is not among ${resources.map((resource) => resource.name).join(", ")}`);
    return found;
  };

  before(async () => {
    resources = await recordResources(({ type, inputs }) =>
      type === "gcp:compute/address:Address"
        ? { address: "192.0.2.14" }
        : type.endsWith(":SystemClosure")
          ? { running: inputs["toplevel"], outcome: "switched", generation: 2, seconds: 3 }
          : {},
    );
    const { Fleet } = await import("../../components/fleet.ts");
    const node = await galenaNode();
    const machines = [settings("cinnabar"), settings("galena", { node })];
    table = await resolved(new Fleet("minerals", { model, machines }).machines);
  });

  it("registers the tree of design: inventory with instances, registry with machines and their closures", () => {
    assert.deepEqual(resources.map(({ type, name }) => `${type} ${name}`).sort(), [
      "clan:gcp:Node galena-node",
      "clan:index:Fleet minerals",
      "clan:index:Inventory minerals-inventory",
      "clan:index:Machine cinnabar",
      "clan:index:Machine galena",
      "clan:index:MachineRegistry minerals-registry",
      "clan:index:ServiceInstance minerals-inventory-zerotier",
      "gcp:compute/address:Address galena-node-address",
      "gcp:compute/firewall:Firewall galena-node-ssh",
      "gcp:compute/firewall:Firewall galena-node-zerotier",
      "gcp:compute/instance:Instance galena-node-vm",
      "pulumi-nodejs:dynamic/clan:FirstLoginEnd galena-first-login",
      "pulumi-nodejs:dynamic/clan:Placement galena-node-placement",
      "pulumi-nodejs:dynamic/clan:SystemClosure cinnabar-closure",
      "pulumi-nodejs:dynamic/clan:SystemClosure galena-closure",
    ]);
  });

  it("gives a service instance its resolved members as inputs, so that a moved tag is a property diff", () => {
    assert.deepEqual(named("minerals-inventory-zerotier").inputs["roles"], model.instances["zerotier"]?.roles);
  });

  it("dials a machine on a node at the address of its VM", () => {
    assert.equal(named("galena-closure").inputs["targetHost"], "root@192.0.2.14");
    assert.equal(named("cinnabar-closure").inputs["targetHost"], "root@cinnabar");
  });

  it("gives the VM what its node states: GPU, maintenance, disk, and no way in but the host's own key", () => {
    const { inputs } = named("galena-node-vm");
    assert.deepEqual(inputs["guestAccelerators"], [{ type: "nvidia-tesla-t4", count: 1 }]);
    assert.deepEqual(inputs["scheduling"], { onHostMaintenance: "TERMINATE", automaticRestart: true });
    assert.deepEqual(inputs["bootDisk"], { initializeParams: { image: "debian-cloud/debian-12", size: 100 } });
    assert.deepEqual(inputs["metadata"], {
      "enable-oslogin": "FALSE",
      "block-project-ssh-keys": "TRUE",
      "enable-guest-attributes": "TRUE",
    });
    assert.equal(inputs["desiredStatus"], "RUNNING");
  });

  it("opens 22/tcp to the named ranges alone, and 9993/udp for ZeroTier", () => {
    assert.deepEqual(named("galena-node-ssh").inputs["sourceRanges"], ["203.0.113.0/24"]);
    assert.deepEqual(named("galena-node-ssh").inputs["allows"], [{ protocol: "tcp", ports: ["22"] }]);
    assert.deepEqual(named("galena-node-zerotier").inputs["allows"], [{ protocol: "udp", ports: ["9993"] }]);
  });

  it("puts out one row per machine", () => {
    assert.deepEqual(table["galena"], {
      class: "nixos",
      outcome: "switched",
      toplevel,
      generation: 2,
      seconds: 3,
      targetHost: "root@192.0.2.14",
      atNode: "root@192.0.2.14",
    });
    assert.deepEqual(Object.keys(table), ["cinnabar", "galena"]);
  });

  it("stores a provider of two kilobytes that captures nothing", () => {
    const stored = named("cinnabar-closure").inputs["__provider"];
    assert.equal(typeof stored, "string");
    const text = String(stored);
    assert.ok(text.length < 2600, `${text.length} bytes`);
    assert.match(text, /import\("pulumi-clan\/runtime\/system-closure"\)/);
    assert.doesNotMatch(text, /require\(|deployMachine|\/nix\/store/);
  });
});

describe("a machine whose deployment failed", () => {
  it("stays in the table with what is in the way to it, the address that was dialled, and what its host runs afterwards", async () => {
    await recordResources(({ type, name }) => {
      if (name === "galena-closure") throw new Error("galena: NOT committed");
      return type === "gcp:compute/address:Address" ? { address: "192.0.2.14" } : {};
    });
    const { Machine } = await import("../../components/machine.ts");
    const node = await galenaNode();
    const looks: string[] = [];
    const probe: MachineSettings["probe"] = async ({ targetHost }) => {
      looks.push(targetHost);
      const running = looks.length === 1 ? null : toplevel; // before, and after
      const observed = { running, specialisations: [], profile: toplevel, settled: true };
      return { text: null, observed, ...(looks.length === 1 ? {} : { blocked: "authentication" }) };
    };
    const machine = new Machine("galena", settings("galena", { probe, node }));
    const row = await resolved(machine.row);
    const failed = { class: "nixos", outcome: "authentication", toplevel, generation: null, seconds: 0 };
    assert.deepEqual(row, { ...failed, targetHost: "root@192.0.2.14", atNode: "root@192.0.2.14" });
  });

  it("keeps its failure to itself: what comes after it on its node learns that it is not the fleet's yet", async () => {
    const resources = await recordResources(({ type, name }) => {
      if (name === "galena-closure") throw new Error("galena: rolled-back");
      return type === "gcp:compute/address:Address" ? { address: "192.0.2.14" } : {};
    });
    const { Machine } = await import("../../components/machine.ts");
    await resolved(new Machine("galena", settings("galena", { node: await galenaNode() })).row);
    const end = () => resources.find(({ name }) => name === "galena-first-login");
    for (let left = 2000; end() === undefined && left > 0; left--) await sleep(10);
    assert.equal(end()?.inputs["installed"], false);
  });
});

describe("the end of an update", () => {
  it("tells where the time of this run's deployments went: of a failed one how long it took, of earlier runs nothing", async () => {
    const took = { seconds: { build: 1.5, push: 4 }, bytes: 12_300_000 };
    const now = Math.ceil(Date.now() / 1000);
    let deployedAt = now;
    await recordResources(({ name, type }) => {
      if (name === "galena-closure") throw new Error("galena: NOT committed");
      return type.endsWith(":SystemClosure")
        ? { running: toplevel, outcome: "switched", generation: 2, seconds: 7, deployedAt, took }
        : {};
    });
    const { Fleet } = await import("../../components/fleet.ts");
    const timesOf = async (name: string): Promise<readonly MachineTime[]> => {
      let told: readonly MachineTime[] | undefined;
      const machines = [settings("cinnabar"), settings("galena")];
      const renderTimes = (times: readonly MachineTime[]): string => {
        told = times;
        return "where the time went";
      };
      await resolved(new Fleet(name, { model, machines, renderTimes }).machines);
      return told ?? assert.fail("nothing was told before the outputs of the stack");
    };
    const [cinnabar, galena] = await timesOf("minerals");
    assert.deepEqual(cinnabar, { machine: "cinnabar", seconds: 7, times: took });
    assert.deepEqual([galena?.machine, galena?.failed, galena?.times], ["galena", true, undefined]);
    deployedAt = now - 86_400;
    assert.deepEqual(
      (await timesOf("ores")).map(({ machine }) => machine),
      ["galena"],
    );
  });
});

describe("a machine on a node", () => {
  it("is dialled where the stack states it, once the node is there", async () => {
    const resources = await recordResources(({ type }) =>
      type === "gcp:compute/address:Address" ? { address: "192.0.2.14" } : {},
    );
    const { Machine } = await import("../../components/machine.ts");
    const node = await galenaNode();
    const stated = { targetHost: "ops@10.147.17.14:2222", addressFrom: "stack" } as const;
    const machine = new Machine("galena", settings("galena", { node, ...stated }));
    assert.equal((await resolved(machine.row)).targetHost, "ops@10.147.17.14:2222");
    const [vm, closure] = ["galena-node-vm", "galena-closure"].map((name) =>
      resources.findIndex((resource) => resource.name === name),
    );
    assert.ok(vm !== undefined && closure !== undefined && vm >= 0 && vm < closure);
  });
});

describe("a machine on a node that may be dialled where it is declared", () => {
  it("is asked for there once the VM is known, and both ways are in its row; a new VM is installed at the node", async () => {
    const resources = await recordResources(({ type }) =>
      type === "gcp:compute/instance:Instance"
        ? { instanceId: "4711", networkInterfaces: [{ accessConfigs: [{ natIp: "192.0.2.14" }] }] }
        : { outcome: "switched", running: toplevel, generation: 2, seconds: 3 },
    );
    const { Machine } = await import("../../components/machine.ts");
    const seen: unknown[] = [];
    const chooseWay: MachineSettings["chooseWay"] = (vm) => {
      seen.push(vm);
      return Promise.resolve({ targetHost: "root@galena.zt", address: "fd5d::14", why: "", isAlarming: false });
    };
    const probe: MachineSettings["probe"] = (dialled) => {
      seen.push([dialled.targetHost, dialled.address]);
      const observed = { running: toplevel, specialisations: [], profile: toplevel, settled: true };
      return Promise.resolve({ text: null, observed });
    };
    const asked = settings("galena", { node: await galenaNode(), chooseWay, probe, installation: installation() });
    const { targetHost, atNode } = await resolved(new Machine("galena", asked).row);
    assert.deepEqual([targetHost, atNode], ["root@galena.zt", "root@192.0.2.14"]);
    assert.deepEqual(seen, [{ atNode: "root@192.0.2.14", instanceId: "4711" }, ["root@galena.zt", "fd5d::14"]]);
    const inputs = (name: string) => resources.find((resource) => resource.name === name)?.inputs ?? {};
    const { targetHost: dialled, address, instanceId } = inputs("galena-closure");
    assert.deepEqual([dialled, address, instanceId], ["root@galena.zt", "fd5d::14", "4711"]);
    assert.equal(inputs("galena-installation")["targetHost"], "root@192.0.2.14");
    assert.equal(inputs("galena-installation")["address"], undefined);
  });
});

describe("a machine that is to be installed", () => {
  it("is installed before its first deployment, with the cloud's id of its VM and the keys of that VM's system", async () => {
    const resources = await recordResources(({ type }) => {
      if (type === "gcp:compute/instance:Instance")
        return { instanceId: "4711", networkInterfaces: [{ accessConfigs: [{ natIp: "192.0.2.14" }] }] };
      return { address: "192.0.2.14", outcome: "unchanged", running: toplevel, generation: 1, seconds: 1 };
    });
    const { Machine } = await import("../../components/machine.ts");
    const asked = settings("galena", { node: await galenaNode(), installation: installation() });
    const row = await resolved(new Machine("galena", asked).row);
    assert.equal(row.outcome, "unchanged");
    const names = resources.map(({ name }) => name);
    assert.ok(names.indexOf("galena-installation") < names.indexOf("galena-closure"), names.join(" "));
    const inputs = resources.find(({ name }) => name === "galena-installation")?.inputs ?? {};
    assert.deepEqual([inputs["instanceId"], inputs["targetHost"]], ["4711", "root@192.0.2.14"]);
    assert.deepEqual(inputs["foreignHostKeys"], [], "it answered as NixOS: nobody is asked for another system's keys");
  });
});
