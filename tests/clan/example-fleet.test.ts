import assert from "node:assert/strict";
import { resolve } from "node:path";
import { before, describe, it } from "mocha";
import type { FleetModel } from "../../clan/fleet-model.ts";
import { readFleet } from "../../clan/read-fleet.ts";

const root = resolve(import.meta.dirname, "../..");
const nixos = ["cinnabar", "electrum", "galena", "magnetite", "pyrite", "scheelite"];
const darwin = ["argentum", "blackphos", "rosegold", "stibnite"];
const all = [...darwin, ...nixos].sort();

describe("the example fleet", () => {
  let model: FleetModel;
  before(async () => {
    ({ model } = await readFleet(root));
  });

  it("has ten machines with their classes, tags and users", () => {
    const table = Object.entries(model.machines).map(([name, machine]) =>
      [name, machine.class, machine.system, machine.tags.join(" "), machine.users.join(" ")].join(" | "),
    );
    assert.deepEqual(table, [
      "argentum | darwin | aarch64-darwin | darwin workstation laptop fleet all | cameron christophersmith",
      "blackphos | darwin | aarch64-darwin | darwin workstation laptop fleet all | crs58 raquel",
      "cinnabar | nixos | x86_64-linux | nixos cloud hetzner controller all | cameron crs58",
      "electrum | nixos | x86_64-linux | nixos cloud hetzner peer all | cameron crs58",
      "galena | nixos | x86_64-linux | nixos cloud gcp peer all | cameron crs58 tara",
      "magnetite | nixos | x86_64-linux | nixos cloud hetzner peer all | cameron crs58",
      "pyrite | nixos | x86_64-linux | nixos laptop peer all | cameron crs58",
      "rosegold | darwin | aarch64-darwin | darwin workstation laptop fleet all | cameron janettesmith",
      "scheelite | nixos | x86_64-linux | nixos cloud gcp gpu peer all | cameron crs58 tara",
      "stibnite | darwin | aarch64-darwin | darwin workstation laptop controller all | crs58",
    ]);
  });

  it("registers each machine with the entry of its own folder, and says where", () => {
    for (const [name, machine] of Object.entries(model.machines)) {
      assert.deepEqual(machine.imports, [`${machine.class}/machines/${machine.class}/${name}`]);
      assert.equal(machine.definedAt.file, "modules/clan/machines.ts");
      assert.equal(machine.registered && machine.inInventory, true);
    }
    assert.equal(new Set(Object.values(model.machines).map(({ definedAt }) => definedAt.line)).size, 10);
  });

  it("has two machines on Google's cloud, one of them with a GPU", () => {
    const nodes = Object.entries(model.nodes).map(([name, node]) => [
      ...[name, node.machineType, node.zones.join(" "), node.onHostMaintenance, node.diskSizeGb, node.image],
      node.accelerators.map(({ type, count }) => `${count} ${type}`).join(" "),
    ]);
    assert.deepEqual(nodes, [
      ["galena", "e2-standard-8", "us-central1-b", "MIGRATE", 100, "debian-cloud/debian-12", ""],
      [
        ...["scheelite", "n1-standard-8", "us-central1-f", "TERMINATE", 100, "debian-cloud/debian-12"],
        "1 nvidia-tesla-t4",
      ],
    ]);
  });

  it("gives roles by tag and by name", () => {
    const members = Object.entries(model.instances).flatMap(([instance, { roles }]) =>
      Object.entries(roles).map(([role, resolved]) => [`${instance}/${role}`, resolved.members] as const),
    );
    assert.deepEqual(Object.fromEntries(members), {
      "beads-ui/default": [],
      "emergency-access/default": all,
      "hermes-agent/default": ["cinnabar"],
      "openclaw/default": [],
      "ssh-known-hosts/default": all,
      "sshd/client": nixos,
      "sshd/server": nixos,
      "tor/server": nixos,
      "user-cameron/default": ["argentum", ...nixos, "rosegold"].sort(),
      "user-crs58/default": ["blackphos", "stibnite"],
      "user-tara/default": ["galena", "scheelite"],
      "wifi/default": ["pyrite"],
      "zerotier/controller": ["cinnabar"],
      "zerotier/peer": ["electrum", "galena", "magnetite", "pyrite", "scheelite"],
    });
  });

  it("shares one `ai` aggregate between both classes, and `ssh-known-hosts` as the document's pattern 3", () => {
    assert.deepEqual(model.namespaces["homeManager"]?.["ai"], {
      files: ["modules/home/ai/claude-code.ts", "modules/home/ai/notifications.ts", "modules/home/ai/settings.ts"],
      importedBy: all,
    });
    assert.deepEqual(model.namespaces["generic"]?.["ssh-known-hosts"]?.importedBy, all);
    assert.deepEqual(model.instances["ssh-known-hosts"]?.module, { name: "ssh-known-hosts", input: "self" });
  });

  it("builds both bases from several files", () => {
    assert.deepEqual(model.namespaces["nixos"]?.["base"]?.importedBy, nixos);
    assert.deepEqual(model.namespaces["darwin"]?.["base"]?.importedBy, darwin);
    assert.ok((model.namespaces["nixos"]?.["base"]?.files.length ?? 0) > 5);
    assert.ok((model.namespaces["darwin"]?.["base"]?.files.length ?? 0) > 5);
  });

  it("adds aggregates where the fleet's table has them", () => {
    const reached = (machine: string, className: string): string[] =>
      Object.entries(model.namespaces[className] ?? {})
        .filter(([entry, { importedBy }]) => importedBy.includes(machine) && !entry.startsWith("machines/"))
        .map(([entry]) => entry);
    assert.deepEqual(reached("cinnabar", "nixos"), ["base", "dolt-sql-server", "hermes-agent", "hm-sops-bridge"]);
    assert.deepEqual(reached("electrum", "nixos"), ["base", "hm-sops-bridge"]);
    assert.deepEqual(reached("scheelite", "nixos"), ["base", "hm-sops-bridge", "nvidia"]);
    assert.deepEqual(reached("blackphos", "darwin"), [
      "base",
      "dnscrypt-proxy",
      "ssh-ca-trust",
      "zt-dns",
      "zt-services-trust",
    ]);
    assert.deepEqual(reached("magnetite", "nixos"), [
      "base",
      "buildbot",
      "docker",
      "effects-deploy",
      "effects-prune",
      "gitea",
      "gitea-actions-runner",
      "hm-sops-bridge",
      "kanidm",
      "matrix",
      "niks3",
      "omnigraph",
      "sso-gateway",
    ]);
    assert.deepEqual(reached("stibnite", "darwin"), [
      "base",
      "beads-ui",
      "casks",
      "colima",
      "dnscrypt-proxy",
      "dolt-sql-server",
      "magnetite-builder",
      "ssh-ca-trust",
      "sshd-server",
      "zt-dns",
      "zt-services-trust",
    ]);
  });

  it("has two machines on Compute Engine", () => {
    const { galena, scheelite } = Object.fromEntries(Object.entries(model.nodes));
    assert.deepEqual(
      [galena?.machineType, galena?.zones, galena?.accelerators],
      ["e2-standard-8", ["us-central1-b"], []],
    );
    assert.deepEqual(
      [scheelite?.machineType, scheelite?.zones, scheelite?.accelerators, scheelite?.onHostMaintenance],
      ["n1-standard-8", ["us-central1-f"], [{ type: "nvidia-tesla-t4", count: 1 }], "TERMINATE"],
    );
    assert.deepEqual([galena?.diskSizeGb, scheelite?.diskSizeGb], [100, 100]);
  });
});
