import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readFleet } from "../../clan/read-fleet.ts";
import { clanFile, failure, lines } from "./support/reading.ts";
import { galena, temporaryFleet } from "./support/temporary-fleet.ts";

describe("reading a fleet", () => {
  it("gives its model, with places", async () => {
    await using fleet = await temporaryFleet({ "modules/galena.ts": galena });
    const { model } = await readFleet(fleet.root);
    assert.deepEqual(model, {
      schema: 1,
      name: "small",
      machines: {
        galena: {
          class: "nixos",
          system: "x86_64-linux",
          tags: ["peer", "all", "nixos"],
          description: null,
          targetHost: "root@galena.zt",
          buildHost: null,
          imports: ["nixos/machines/nixos/galena"],
          users: [],
          registered: true,
          inInventory: true,
          definedAt: { file: "modules/galena.ts", line: 6 },
        },
      },
      namespaces: { nixos: { "machines/nixos/galena": { files: ["modules/galena.ts"], importedBy: ["galena"] } } },
      instances: {},
      tags: { all: ["galena"], darwin: [], nixos: ["galena"], peer: ["galena"] },
      nodes: {},
      vars: { directory: "vars", perMachine: {}, shared: [] },
      secretStore: null,
    });
  });

  it("follows imports, homes and inline services to say who gets what", async () => {
    await using fleet = await temporaryFleet({
      "modules/galena.ts": galena,
      "modules/homes.ts": `export default ({ config: { flake: { modules } } }) => ({
        flake: { modules: {
          homeManager: { ai: {}, "users/cameron": { imports: [modules.homeManager.ai] }, unused: {} },
          generic: { "known-hosts": {} },
          nixos: {
            users: { "home-manager": { users: { cameron: { imports: [modules.homeManager["users/cameron"]] }, guest: {} } } },
            "machines/nixos/galena": { imports: [modules.nixos.users] },
          },
        } },
        clan: { inventory: { instances: {
          "known-hosts": { module: { imports: [modules.common["known-hosts"]] }, roles: { default: { tags: ["peer"] } } },
          user: { module: { name: "users" }, roles: { default: { machines: { galena: { settings: { user: "tara" } } } } } },
        } } },
      });`,
    });
    const { model } = await readFleet(fleet.root);
    const reached = Object.entries(model.namespaces).flatMap(([className, entries]) =>
      Object.entries(entries).flatMap(([entry, { importedBy }]) =>
        importedBy.length > 0 ? [`${className}/${entry}`] : [],
      ),
    );
    assert.deepEqual(reached, [
      "generic/known-hosts",
      "homeManager/ai",
      "homeManager/users/cameron",
      "nixos/machines/nixos/galena",
      "nixos/users",
    ]);
    assert.deepEqual(Object.fromEntries(Object.entries(model.machines))["galena"]?.users, ["cameron", "guest", "tara"]);
    assert.deepEqual(model.instances["known-hosts"], {
      module: { name: "known-hosts", input: "self" },
      roles: { default: { machines: [], tags: ["peer"], members: ["galena"], settings: {} } },
      definedAt: { file: "modules/homes.ts", line: 11 },
    });
  });

  it("wants every machine of the inventory registered, and guesses what was meant", async () => {
    const files = {
      "modules/galena.ts": galena,
      "modules/more.ts": clanFile("inventory: { machines: { galenna: {} } },"),
    };
    assert.equal(
      await failure(files),
      lines(
        "galenna: in the inventory, but not registered: nothing says what builds it",
        '  expected: clan.machines.galenna with imports: [config.flake.modules.nixos["machines/nixos/galenna"]]',
        "  found:    galena in the registry",
        "  at:       modules/more.ts:3",
        '  fix:      write "galena", or register galenna',
      ),
    );
  });

  it("wants every registered machine in the inventory, and gathers what is wrong", async () => {
    const files = { "modules/galena.ts": galena.replace("machines: { galena: { tags", "machines: { pyrite: { tags") };
    assert.equal(
      await failure(files),
      lines(
        "galena: registered, but not in the inventory: it would have no tags, no roles by them and no target host",
        "  expected: clan.inventory.machines.galena",
        "  found:    no such machine in the inventory",
        "  at:       modules/galena.ts:6",
        "  fix:      add galena to the inventory, or take it out of the registry",
        "",
        "pyrite: in the inventory, but not registered: nothing says what builds it",
        '  expected: clan.machines.pyrite with imports: [config.flake.modules.nixos["machines/nixos/pyrite"]]',
        "  found:    no such machine in the registry",
        "  at:       modules/galena.ts:8",
        "  fix:      register pyrite, or take it out of the inventory",
      ),
    );
  });

  it("refuses a registry entry that imports nothing", async () => {
    const files = {
      "modules/galena.ts": galena.replace('[config.flake.modules.nixos["machines/nixos/galena"]]', "[]"),
    };
    assert.equal(
      await failure(files),
      lines(
        "galena: the registry imports nothing, so the machine would be an empty system",
        '  expected: imports: [config.flake.modules.nixos["machines/nixos/galena"]]',
        "  found:    no imports",
        "  at:       modules/galena.ts:6",
        "  fix:      name the entry that builds galena, or take galena out of the registry",
      ),
    );
  });

  it("refuses a registry entry that no file defines", async () => {
    const files = {
      "modules/galena.ts": galena.replace('modules.nixos["machines/nixos/galena"]]', "modules.nixos.galena]"),
    };
    assert.equal(
      await failure(files),
      lines(
        "flake.modules.nixos.galena: no file defines this entry",
        '  expected: one of "machines/nixos/galena"',
        '  found:    "galena"',
        "  at:       modules/galena.ts:6",
        "  fix:      define it in a file below modules/, or correct the name",
      ),
    );
  });

  it("wants a platform for every registered machine", async () => {
    const files = { "modules/galena.ts": galena.replace('nixpkgs: { hostPlatform: "x86_64-linux" }, ', "") };
    assert.equal(
      await failure(files),
      lines(
        "clan.machines.galena.nixpkgs.hostPlatform: the option is used, but has no value",
        "  expected: a definition of type string that matches [a-z0-9_]+-(linux|darwin)",
        "  found:    none, and no default",
        "  at:       modules/galena.ts:6",
        "  fix:      define clan.machines.galena.nixpkgs.hostPlatform in a module",
      ),
    );
  });

  it("refuses a platform that contradicts entry and inventory", async () => {
    const files = { "modules/galena.ts": galena.replace("x86_64-linux", "aarch64-darwin") };
    assert.equal(
      await failure(files),
      lines(
        "galena: the registry imports an entry of class nixos for aarch64-darwin",
        "  expected: an entry of class darwin or generic",
        '  found:    config.flake.modules.nixos."machines/nixos/galena"',
        "  at:       modules/galena.ts:6",
        "  fix:      import the machine's own entry, or correct nixpkgs.hostPlatform",
        "",
        "galena: class and platform contradict each other",
        '  expected: machineClass "darwin" for aarch64-darwin (modules/galena.ts:6)',
        '  found:    machineClass "nixos", which is the default',
        "  at:       modules/galena.ts:8",
        '  fix:      set clan.inventory.machines.galena.machineClass to "darwin", or correct the platform',
      ),
    );
  });

  it("refuses a name that is no host name", async () => {
    assert.equal(
      await failure({ "modules/galena.ts": galena.replaceAll("galena: {", "Galena_1: {") }),
      lines(
        '"Galena_1" cannot be a machine\'s name',
        "  expected: a-z, 0-9 and inner hyphens, 63 characters at most (RFC 1123)",
        '  found:    "Galena_1"',
        "  at:       modules/galena.ts:6",
        "  fix:      rename the machine in registry and inventory",
      ),
    );
  });

  it("refuses two machines with one address, however it is written", async () => {
    const pyrite = `machines: { pyrite: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [config.flake.modules.nixos["machines/nixos/galena"]] } },
    inventory: { machines: { pyrite: { deploy: { targetHost: "Galena.zt:22" } } } },`;
    assert.equal(
      await failure({ "modules/galena.ts": galena, "modules/pyrite.ts": clanFile(pyrite) }),
      lines(
        "pyrite: galena has the same address, so one would be deployed over the other",
        "  expected: an address of its own for every machine",
        "  found:    Galena.zt:22 for galena and for pyrite",
        "  at:       modules/pyrite.ts:4",
        "            modules/galena.ts:8",
        "  fix:      correct one of the two; a machine on a cloud node may leave targetHost out",
      ),
    );
  });

  it("refuses a target host that cannot be dialled", async () => {
    assert.equal(
      await failure({ "modules/galena.ts": galena.replace("root@galena.zt", "root@galena zt") }),
      lines(
        "galena: its target host cannot be dialled",
        "  expected: [user@]host[:port]",
        '  found:    "root@galena zt"',
        "  at:       modules/galena.ts:8",
        "  fix:      correct deploy.targetHost",
      ),
    );
  });
});

describe("a plain registry", () => {
  const plain = `
import { defineFleet, importTree } from "pulumi-clan/author";
export default defineFleet({ name: "plain", systems: ["x86_64-linux"], imports: [importTree("modules")], inputs: {}, registry: "plain" });
`;

  it("needs no inventory", async () => {
    const machine = galena.replace(/ {4}inventory: .*\n/, "");
    await using fleet = await temporaryFleet({ "fleet.ts": plain, "modules/galena.ts": machine });
    const { model } = await readFleet(fleet.root);
    const [[name, { class: machineClass, tags, inInventory }] = assert.fail("no machine")] = Object.entries(
      model.machines,
    );
    assert.deepEqual(
      { name, machineClass, tags, inInventory },
      { name: "galena", machineClass: "nixos", tags: ["all", "nixos"], inInventory: false },
    );
  });

  it("must say what builds each machine of an inventory that is there nevertheless", async () => {
    const machine = galena.replace("machines: { galena: { tags", "machines: { pyrite: { tags");
    const message = await failure({ "fleet.ts": plain, "modules/galena.ts": machine });
    assert.match(message, /^pyrite: in the inventory, but not registered/);
  });
});
