import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readFleet } from "../../clan/read-fleet.ts";
import { clanFile, failure, lines } from "./support/reading.ts";
import { galena, temporaryFleet } from "./support/temporary-fleet.ts";

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
