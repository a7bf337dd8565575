import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CheckContext } from "../../../clan/checks/context.ts";
import type { HostNature } from "../../../clan/checks/host-nature.ts";
import type { MachineFacts } from "../../../clan/checks/machine-facts.ts";
import { runChecks } from "../../../clan/checks/run-checks.ts";
import type { TreeFacts } from "../../../clan/checks/tree-facts.ts";
import { adopted } from "./support/models.ts";

const disk = { device: "/dev/sda1", fsType: "ext4" };
const sound: MachineFacts = {
  hostName: null,
  hostPlatform: "x86_64-linux",
  hostId: null,
  stateVersionStated: true,
  stateVersion: "25.05",
  targetHost: null,
  container: false,
  ssh: {
    enable: true,
    ports: [22],
    permitRootLogin: "prohibit-password",
    passwords: false,
    allowUsers: null,
    allowGroups: null,
    denyUsers: [],
    otherKeys: false,
    opensFirewall: false,
    keysInHome: false,
  },
  firewall: { enable: true, ports: [22], ranges: [], trusted: ["lo"], interfaces: {}, custom: false },
  users: {
    root: { uid: 0, normal: false, keys: 1, password: "none", groups: [] },
    mina: { uid: 1000, normal: true, keys: 1, password: "none", groups: ["wheel"] },
  },
  mutableUsers: true,
  sudo: { enable: true, rules: [] },
  loaders: ["grub"],
  grubForEfi: false,
  fileSystems: { "/": { device: "/dev/sda1", fsType: "ext4" } },
  initrdModules: ["virtio_scsi"],
  deployers: [],
  plaintext: [],
  addresses: [],
  missingPackages: [],
  homesApart: [],
  generators: null,
  definedIn: {},
  sourceInClosure: false,
};

type Ssh = NonNullable<MachineFacts["ssh"]>;
type Firewall = NonNullable<MachineFacts["firewall"]>;

const ssh = (changes: Partial<Ssh>): Partial<MachineFacts> => ({ ssh: { ...(sound.ssh as Ssh), ...changes } });
const firewall = (changes: Partial<Firewall>): Partial<MachineFacts> => ({
  firewall: { ...(sound.firewall as Firewall), ...changes },
});
const account = (name: string, changes: object): Partial<MachineFacts> => ({
  users: { ...sound.users, [name]: { uid: 1001, normal: true, keys: 1, password: "none", groups: [], ...changes } },
});

function found(
  facts: Partial<MachineFacts>,
  targetHost = "root@galena.zt",
  more: Partial<CheckContext> = {},
): readonly string[] {
  const configurations = new Map([["galena", { ...sound, ...facts }]]);
  const context = adopted({ machines: { galena: { targetHost } } }, { configurations, ...more });
  return runChecks(context, []).map(({ rule, severity, message }) => `${rule} ${severity}: ${message}`);
}

function one(findings: readonly string[]): string | undefined {
  assert.equal(findings.length, 1, findings.join("\n"));
  return findings[0];
}

describe("a lock-out", () => {
  it("is none where the account has a key, a certificate, or a password that sshd takes", () => {
    assert.deepEqual(found({}), []);
    assert.deepEqual(found({}, "mina@galena.zt"), []);
    assert.deepEqual(found({ ...account("root", { keys: 0 }), ...ssh({ otherKeys: true }) }), []);
    assert.deepEqual(
      found(
        { ...account("mina", { keys: 0, password: "hashed", groups: ["wheel"] }), ...ssh({ passwords: true }) },
        "mina@galena.zt",
      ),
      [],
    );
  });

  it("is certain where the account does not exist, or cannot become root", () => {
    assert.match(
      one(found({}, "tara@galena.zt")) ?? "",
      /^FC041 error: galena is deployed as tara, but it has no account tara/,
    );
    assert.match(
      one(found(account("tara", {}), "tara@galena.zt")) ?? "",
      /it cannot become root: sudo has no rule for it/,
    );
    const rules = [{ users: ["tara"], groups: [] }];
    assert.deepEqual(found({ ...account("tara", {}), sudo: { enable: true, rules } }, "tara@galena.zt"), []);
  });

  it("is doubtful where only a key in the account's home is left", () => {
    assert.match(
      one(found({ ...account("root", { keys: 0 }), ...ssh({ keysInHome: true }) })) ?? "",
      /^FC041 warning: .* unless by hand/,
    );
  });

  it("is not judged from patterns, which are sshd's", () => {
    assert.deepEqual(found(ssh({ allowUsers: ["ro*"] })), []);
    assert.deepEqual(found(ssh({ allowUsers: ["root@198.51.100.*"] })), []);
  });
});

describe("a laptop that is switched by hand", () => {
  it("locks nobody out: no target host, no way to close", () => {
    const { model } = adopted({ machines: { galena: {} } });
    const [name, machine] = Object.entries(model.machines)[0] ?? assert.fail();
    const byHand = { ...model, machines: { [name]: { ...machine, targetHost: null } } };
    assert.deepEqual(
      found({ ...ssh({ enable: false }), ...firewall({ ports: [] }) }, undefined, { model: byHand }).filter(
        (finding) => !finding.startsWith("FC028"),
      ),
      [],
    );
  });
});

describe("a firewall", () => {
  it("may open the port by range, on one interface, or leave an interface alone", () => {
    assert.deepEqual(found(firewall({ ports: [], ranges: [{ from: 20, to: 30 }] })), []);
    assert.deepEqual(found(firewall({ ports: [], interfaces: { zt0: { ports: [22], ranges: [] } } })), []);
    assert.deepEqual(found(firewall({ ports: [], trusted: ["lo", "zt0"] })), []);
    assert.deepEqual(found(firewall({ ports: [], custom: true })), []);
    assert.deepEqual(found(firewall({ ports: [], enable: false })), []);
    assert.deepEqual(found({ ...firewall({ ports: [] }), ...ssh({ opensFirewall: true }) }), []);
  });

  it("closes the way where it opens the port nowhere", () => {
    assert.match(one(found(firewall({ ports: [443] }))) ?? "", /^FC042 error/);
  });

  it("is asked for the target host's own port", () => {
    const both = { ...ssh({ ports: [2222] }), ...firewall({ ports: [2222] }) };
    assert.deepEqual(found(both, "root@galena.zt:2222"), []);
    assert.match(one(found(both)) ?? "", /deployed by port 22, but its sshd listens on 2222/);
  });
});

describe("nodes", () => {
  const node = {
    kind: "gcp",
    project: "lab",
    machineType: "e2-standard-8",
    zones: ["us-central1-b"],
    accelerators: [],
    diskSizeGb: 100,
    image: "debian-cloud/debian-12",
    onHostMaintenance: "MIGRATE",
    labels: {},
    sshSources: ["203.0.113.0/24"],
    definedAt: { file: "nodes.ts", line: 1 },
  } as const;
  const onNode = (changes: object, facts: Partial<MachineFacts> = {}, targetHost: string | null = "root@galena.zt") => {
    const { model } = adopted({ machines: { galena: {} } });
    const [name, machine] = Object.entries(model.machines)[0] ?? assert.fail();
    const nodes = { galena: { ...node, ...changes } };
    return found(facts, undefined, { model: { ...model, machines: { [name]: { ...machine, targetHost } }, nodes } });
  };

  it("FC043: need a driver for their disk in the initial ramdisk", () => {
    assert.deepEqual(onNode({}), []);
    assert.match(one(onNode({}, { initrdModules: ["ahci"] })) ?? "", /^FC043 error: galena runs on Compute Engine/);
    assert.deepEqual(found({ initrdModules: ["ahci"] }), [], "a machine elsewhere");
  });

  it("FC044: have the processor of their machine's platform", () => {
    assert.match(
      one(onNode({ machineType: "t2a-standard-4" })) ?? "",
      /^FC044 error: galena is of x86_64-linux, but its node t2a-standard-4 has aarch64/,
    );
  });

  it("FC056: are open to somebody, where the machine has no other address", () => {
    assert.deepEqual(onNode({ sshSources: [] }), []);
    assert.match(one(onNode({ sshSources: [] }, {}, null)) ?? "", /^FC056 warning/);
  });
});

describe("FC044: a platform", () => {
  it("is the registry's", () => {
    assert.match(
      one(found({ hostPlatform: "aarch64-linux" })) ?? "",
      /^FC044 error: galena is registered for x86_64-linux, but its configuration is for aarch64-linux/,
    );
  });
});

describe("a host that was asked", () => {
  const hardware: HostNature = {
    system: "x86_64-linux",
    container: false,
    firmware: "bios",
    rootDrivers: ["virtio-scsi"],
    hasRootDevice: true,
    releases: ["25.05"],
  };
  const onHost = (changes: Partial<HostNature>, facts: Partial<MachineFacts> = {}) =>
    found(facts, undefined, { hosts: new Map([["galena", { ...hardware, ...changes }]]) });

  it("fits: its firmware, disk and platform are those of the system", () => {
    assert.deepEqual(onHost({}), []);
    assert.deepEqual(onHost({ firmware: "efi" }, { grubForEfi: true }), []);
    assert.deepEqual(onHost({ firmware: null, rootDrivers: [], hasRootDevice: null, releases: [] }), []);
  });

  it("FC043: boots by the loader's firmware", () => {
    const efi = { loaders: ["systemd-boot"], grubForEfi: null, fileSystems: { "/": disk, "/boot": disk } };
    assert.deepEqual(onHost({ firmware: "efi" }, efi), []);
    assert.match(
      one(onHost({}, efi)) ?? "",
      /^FC043 error: galena boots by systemd-boot, which needs EFI, and its host was started by BIOS/,
    );
    assert.match(
      one(onHost({ firmware: "efi" })) ?? "",
      /^FC043 warning: galena boots by GRUB without EFI support, and its host was started by EFI/,
    );
  });

  it("FC043: has the root device that is stated, and a driver for its disk in the initial ramdisk", () => {
    assert.match(
      one(onHost({ hasRootDevice: false })) ?? "",
      /^FC043 error: galena takes \/dev\/sda1 for its root, which its host does not have/,
    );
    assert.match(
      one(onHost({ rootDrivers: ["mpt3sas"] })) ?? "",
      /^FC043 warning: galena runs from a disk of mpt3sas, which its initial ramdisk lacks/,
    );
    assert.deepEqual(onHost({ container: true, firmware: null, rootDrivers: ["mpt3sas"] }), []);
  });

  it("FC044: is of the system's platform, or of one that runs it", () => {
    assert.match(
      one(onHost({ system: "aarch64-linux" })) ?? "",
      /^FC044 error: galena is of x86_64-linux, but its host is aarch64-linux/,
    );
    const { model } = adopted({ machines: { galena: {} } });
    const [name, machine] = Object.entries(model.machines)[0] ?? assert.fail();
    const small = { ...model, machines: { [name]: { ...machine, system: "i686-linux" } } };
    const hosts = new Map([["galena", hardware]]);
    assert.deepEqual(found({ hostPlatform: "i686-linux" }, undefined, { model: small, hosts }), []);
  });

  it("FC045: has run no older release than the stateVersion", () => {
    assert.deepEqual(onHost({ releases: ["25.05", "25.11"] }), []);
    assert.deepEqual(onHost({ releases: ["24.11"] }, { stateVersion: null }), []);
    assert.match(
      one(onHost({ releases: ["24.11", "25.05"] })) ?? "",
      /^FC045 warning: galena states stateVersion 25\.05, but its host has run 24\.11: it was raised since/,
    );
  });
});

describe("FC052: an overlay of the fleet", () => {
  const both = (galena: readonly string[], electrum: readonly string[], more: Partial<CheckContext> = {}) => {
    const facts = (missing: readonly string[], number: number) => {
      return { ...sound, hostName: `host${number}`, missingPackages: [...missing] };
    };
    const configurations = new Map([
      ["galena", facts(galena, 1)],
      ["electrum", facts(electrum, 2)],
    ]);
    const context = adopted({ machines: { galena: {}, electrum: {} } }, { configurations, ...more });
    return runChecks(context, []).map(({ rule, severity, message, at }) => ({ rule, severity, message, at }));
  };

  it("is missed by a machine whose packages lack what another's have", () => {
    assert.deepEqual(both([], []), []);
    const [found, ...others] = both(["heartbeat"], []);
    assert.deepEqual([found?.rule, found?.severity, others], ["FC052", "warning", []]);
    assert.match(found?.message ?? "", /^the packages of galena lack heartbeat/);
  });

  it("is told of once where no machine has its packages, at the overlay", () => {
    const overlays = [{ file: "modules/overlays.ts", line: 4 }];
    assert.deepEqual(both(["patched"], ["patched"], { overlays }), [
      {
        rule: "FC052",
        severity: "info",
        message: "no machine's packages have patched, which the fleet makes itself",
        at: overlays[0],
      },
    ]);
  });
});

describe("FC032: a secret that the configuration deploys", () => {
  const tree = (machines: readonly string[], groups: readonly string[] = []): TreeFacts => ({
    root: "/",
    evaluatesUntracked: true,
    passedOver: [],
    untracked: [],
    ignored: [],
    sources: new Map(),
    machineFolders: new Map(),
    inventoryJson: [],
    packages: [],
    secrets: {
      secretVars: [
        {
          path: "vars/per-machine/galena/wifi/psk",
          machine: "galena",
          generator: "wifi",
          file: "psk",
          machines,
          users: [],
          groups,
          recipients: ["age1galena"],
        },
      ],
      publicVars: [],
      keys: {
        machines: new Map([["galena", ["age1galena"]]]),
        users: new Map(),
        groups: new Map([
          ["servers", { machines: ["galena"], users: [] }],
          ["laptops", { machines: [], users: [] }],
        ]),
      },
      keptKeys: [],
      age: { vars: [], recipients: new Map(), machineKeys: new Map() },
      hashes: new Map(),
      ruledFiles: [],
    },
    lock: null,
    recipes: [],
    stacks: [],
    privateFiles: [],
  });
  const generators = (deploy: boolean) => ({ wifi: { share: false, files: { psk: { secret: true, deploy } } } });

  it("is for its machine, itself or by a group", () => {
    assert.deepEqual(found({ generators: generators(true) }, undefined, { tree: tree(["galena"]) }), []);
    assert.deepEqual(found({ generators: generators(true) }, undefined, { tree: tree([], ["servers"]) }), []);
    assert.deepEqual(found({ generators: generators(false) }, undefined, { tree: tree([]) }), []);
    for (const others of [tree([]), tree([], ["laptops"])]) {
      assert.match(
        one(found({ generators: generators(true) }, undefined, { tree: others })) ?? "",
        /^FC032 error: vars\/per-machine\/galena\/wifi\/psk is not encrypted to the key of galena/,
      );
    }
  });

  it("FC033: is history once nobody declares its generator", () => {
    const { model } = adopted({ machines: { galena: {} } });
    const vars = { ...model.vars, perMachine: { galena: ["wifi"] } };
    assert.match(
      one(found({ generators: {} }, undefined, { model: { ...model, vars } })) ?? "",
      /^FC033 info: galena declares no generator wifi any more/,
    );
  });
});
