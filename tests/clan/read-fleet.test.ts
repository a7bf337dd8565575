import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readFleet } from "../../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../../errors.ts";
import { galena, temporaryFleet } from "./support/temporary-fleet.ts";

/** A second file beside galena's; its own line 3 is where the interesting thing stands. */
function clanFile(content: string): string {
  return `export default ({ config }) => ({
  clan: {
    ${content}
  },
});
`;
}

async function failure(files: Readonly<Record<string, string>>): Promise<string> {
  await using fleet = await temporaryFleet(files);
  try {
    await readFleet(fleet.root);
  } catch (error) {
    if (error instanceof FleetError || error instanceof FleetErrors)
      return error.message.replaceAll(fleet.root, "<root>");
    throw error;
  }
  return assert.fail("the fleet was read");
}

function lines(...text: readonly string[]): string {
  return text.join("\n");
}

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

describe("the inventory", () => {
  it("knows its keys", async () => {
    assert.equal(
      await failure({ "modules/galena.ts": galena.replace("targetHost", "targethost") }),
      lines(
        "clan.inventory.machines.galena.deploy.targethost: there is no such option",
        '  expected: one of "targetHost", "buildHost"',
        '  found:    targethost: "root@galena.zt"',
        "  at:       modules/galena.ts:8",
        '  fix:      did you mean "targetHost"?',
      ),
    );
  });

  it("knows its types", async () => {
    assert.equal(
      await failure({ "modules/galena.ts": galena.replace('["peer"]', '"peer"') }),
      lines(
        "clan.inventory.machines.galena.tags: a definition is not of the option's type",
        "  expected: list of string",
        '  found:    - In `modules/galena.ts:8\': "peer"',
        "  at:       modules/galena.ts:8",
        "  fix:      give a value of type list of string",
      ),
    );
  });

  it("gives roles to its own machines only, and takes services from the flake's inputs", async () => {
    const sshd =
      'inventory: { instances: { sshd: { module: { input: "clan-cor" }, roles: { server: { machines: { galean: {} } } } } } },';
    assert.equal(
      await failure({ "modules/galena.ts": galena, "modules/sshd.ts": clanFile(sshd) }),
      lines(
        "instance sshd: its service comes from an input that the flake does not have",
        "  expected: one of clan-core, self",
        '  found:    "clan-cor"',
        "  at:       modules/sshd.ts:3",
        '  fix:      write "clan-core"',
        "",
        "role sshd/server is given to galean, which is no machine of the fleet",
        "  expected: one of galena",
        "  found:    galean",
        "  at:       modules/sshd.ts:3",
        '  fix:      write "galena"',
      ),
    );
  });

  it("takes settings that are JSON, nothing else", async () => {
    const sshd = "inventory: { instances: { sshd: { roles: { server: { settings: { port: () => 22 } } } } } },";
    assert.equal(
      await failure({ "modules/galena.ts": galena, "modules/sshd.ts": clanFile(sshd) }),
      lines(
        "clan.inventory.instances.sshd.roles.server.settings: a definition is not of the option's type",
        "  expected: attribute set of JSON values",
        "  found:    - In `modules/sshd.ts:3': { port: a function }",
        "  at:       modules/sshd.ts:3",
        "  fix:      give a value of type attribute set of JSON values",
      ),
    );
  });

  it("takes a service by name or inline, as a module or a function to one, but not both at once", async () => {
    const both =
      'inventory: { instances: { own: { module: () => ({ name: "x", imports: [config.flake.modules.nixos["machines/nixos/galena"]] }) } } },';
    assert.equal(
      await failure({ "modules/galena.ts": galena, "modules/own.ts": clanFile(both) }),
      lines(
        "instance own: its module is a service by name and inline at once",
        "  expected: { name, input } or { imports, description }",
        "  found:    imports beside name",
        "  at:       modules/own.ts:3",
        "  fix:      keep one of the two",
      ),
    );
  });

  it("takes a role's tags as a list and as attributes, from several files", async () => {
    const server = (tags: string): string =>
      clanFile(`inventory: { instances: { sshd: { roles: { server: { tags: ${tags} } } } } },`);
    await using fleet = await temporaryFleet({
      "modules/galena.ts": galena,
      "modules/list.ts": server('["gcp"]'),
      "modules/set.ts": server("{ peer: { settings: { port: 22 } } }"),
    });
    const { model } = await readFleet(fleet.root);
    assert.deepEqual(model.instances["sshd"]?.roles["server"], {
      machines: [],
      tags: ["gcp", "peer"],
      members: ["galena"],
      settings: {},
    });
  });
});

describe("nodes", () => {
  const node = (name: string, text: string): string =>
    `export default { nodes: { ${name}: { kind: "gcp", project: "p", machineType: "e2-standard-8", ${text} } } };\n`;

  it("stand under machines, in a zone", async () => {
    assert.equal(
      await failure({ "modules/galena.ts": galena, "modules/node.ts": node("galenna", "zones: []") }),
      lines(
        "a node is given to galenna, which is no machine of the fleet",
        "  expected: one of galena",
        "  found:    galenna",
        "  at:       modules/node.ts:1",
        '  fix:      write "galena"',
        "",
        "galenna: its node has no zone to be created in",
        '  expected: one zone at least, e.g. zones: ["us-central1-b"]',
        "  found:    [ ]",
        "  at:       modules/node.ts:1",
        "  fix:      list the zones in the order in which they should be tried",
      ),
    );
  });

  it("know their keys", async () => {
    const message = await failure({
      "modules/galena.ts": galena,
      "modules/node.ts": node("galena", 'zone: "us-central1-b"'),
    });
    assert.match(message, /^nodes\.galena\.zone: there is no such option\n/);
    assert.match(message, / {2}at: {7}modules\/node\.ts:1\n {2}fix: {6}did you mean "zones"\?$/);
  });

  it("say what they lack", async () => {
    assert.equal(
      await failure({
        "modules/galena.ts": galena,
        "modules/node.ts": 'export default { nodes: { galena: { kind: "gcp", machineType: "e2", zones: ["a"] } } };\n',
      }),
      lines(
        "nodes.galena.project: the option is used, but has no value",
        "  expected: a definition of type string",
        "  found:    none, and no default",
        "  at:       modules/node.ts:1",
        "  fix:      define nodes.galena.project in a module",
      ),
    );
  });
});

describe("fleet.ts", () => {
  it("must be there", async () => {
    await assert.rejects(readFleet("/nonexistent"), (error) => {
      assert.ok(error instanceof FleetError);
      assert.equal(
        error.message,
        lines(
          "/nonexistent: no fleet here",
          "  expected: a fleet.ts whose default export is defineFleet({ … })",
          "  found:    no such file",
          "  at:       /nonexistent/fleet.ts",
          "  fix:      go to the fleet's folder, or name it: fleet --dir <folder> …; an existing flake: fleet --flake <ref> …",
        ),
      );
      return true;
    });
  });

  it("must export a fleet", async () => {
    assert.equal(
      await failure({ "fleet.ts": "export const fleet = {};\n" }),
      lines(
        "fleet.ts: its default export is no fleet",
        "  expected: export default defineFleet({ name, inputs, systems, imports })",
        "  found:    no default export",
        "  at:       fleet.ts",
        '  fix:      import { defineFleet } from "pulumi-clan/author" and export what it returns',
      ),
    );
  });

  it("must have the keys of a fleet, and no others", async () => {
    const text =
      'export default {\n  name: "small",\n  inputs: { a: { uri: "x" } },\n  systems: ["x86_64-linux"],\n  import: [],\n};\n';
    assert.equal(
      await failure({ "fleet.ts": text }),
      lines(
        "fleet.ts: inputs.a.url is missing",
        "  expected: string",
        "  found:    nothing",
        "  at:       fleet.ts:3",
        "  fix:      state it",
        "",
        "fleet.ts: inputs.a.uri: there is no such key",
        "  expected: one of url, follows, flake",
        "  found:    uri",
        "  at:       fleet.ts:3",
        '  fix:      did you mean "url"?',
        "",
        "fleet.ts: imports is missing",
        "  expected: array",
        "  found:    nothing",
        "  at:       fleet.ts",
        "  fix:      state it",
        "",
        "fleet.ts: import: there is no such key",
        "  expected: one of name, description, inputs, systems, imports, registry, nixConfig",
        "  found:    import",
        "  at:       fleet.ts:5",
        '  fix:      did you mean "imports"?',
      ),
    );
  });

  it("must load", async () => {
    assert.equal(
      await failure({ "fleet.ts": 'const name = "small";\nthrow new Error("no name");\n' }),
      lines(
        "fleet.ts: the module's code threw",
        "  expected: code that returns",
        "  found:    Error: no name",
        "  at:       fleet.ts:2",
        "  fix:      correct the code at that line",
      ),
    );
  });
});
