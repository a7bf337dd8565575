import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { findings, type Mutation, raiseOneFindingEach } from "./support/mutation.ts";
import { edit, soundFleet, write } from "./support/sound-fleet.ts";

const inventory = "modules/clan/inventory.ts";
const registry = "modules/clan/machines.ts";

const mutations: readonly Mutation[] = [
  {
    what: "an aggregate's name mistyped in one of its files",
    files: edit("modules/nixos/base/boot.ts", "base:", "bsae:"),
    finding: "FC001 warning: entry nixos/bsae at modules/nixos/base/boot.ts:3",
  },
  {
    what: "a class mistyped in one of an aggregate's files",
    files: edit("modules/nixos/base/boot.ts", "nixos:", "nixxos:"),
    finding: "FC002 warning: class nixxos at modules/nixos/base/boot.ts:3",
  },
  {
    what: "a machine's key mistyped in one of its files",
    files: edit("modules/machines/nixos/galena/disko.ts", "machines/nixos/galena", "machines/nixos/galean"),
    finding: "FC006 error: entry nixos/machines/nixos/galean at modules/machines/nixos/galena/disko.ts:6",
  },
  {
    what: "what is left of a machine of nearly another's name",
    files: write(
      "modules/machines/nixos/galeno/default.ts",
      'export default { flake: { modules: { nixos: { "machines/nixos/galeno": {} } } } };\n',
    ),
    finding: "FC012 info: entry nixos/machines/nixos/galeno at modules/machines/nixos/galeno/default.ts:1",
  },
  {
    what: "an import of an entry that does not exist",
    files: edit(registry, 'nixos["machines/nixos/galena"]', 'nixos["machines/nixos/galean"]'),
    finding: `FC007 error: file ${registry} at ${registry}:5`,
  },
  {
    what: "a registered machine that imports nothing",
    files: edit(registry, '[nixos["machines/nixos/galena"]]', "[]"),
    finding: `FC007 error: machine galena at ${registry}:5`,
  },
  {
    what: "an entry named like an argument of modules",
    files: write("modules/nixos/lib.ts", "export default { flake: { modules: { flake: { lib: {} } } } };\n"),
    finding: "FC009 info: entry flake/lib at modules/nixos/lib.ts:1",
  },
  {
    what: "an entry that nobody imports",
    files: write("modules/nixos/backup.ts", "export default { flake: { modules: { nixos: { backup: {} } } } };\n"),
    finding: "FC012 info: entry nixos/backup at modules/nixos/backup.ts:1",
  },
  {
    what: "a service that lost its last member",
    files: edit(inventory, "roles: { default: { machines: { cinnabar: {} } } },", "roles: { default: {} },"),
    finding: "FC012 info: entry nixos/board at modules/nixos/board.ts:2",
  },
  {
    what: "a home imported by a system",
    files: edit("modules/machines/nixos/electrum/default.ts", "modules.nixos.base", "modules.homeManager.ai"),
    finding:
      "FC014 error: file modules/machines/nixos/electrum/default.ts at modules/machines/nixos/electrum/default.ts:6",
  },
  {
    what: "a machine built from another machine's entry",
    files: edit(registry, 'nixos["machines/nixos/electrum"]', 'nixos["machines/nixos/galena"]'),
    finding: `FC015 error: machine electrum at ${registry}:6`,
  },
  {
    what: "a machine of the inventory that is not registered",
    files: edit(inventory, "      machines: {\n", "      machines: {\n        pyrite: {},\n"),
    finding: `FC016 error: machine pyrite at ${inventory}:6`,
  },
  {
    what: "a registered machine that is not in the inventory",
    files: edit(
      registry,
      "    machines: {\n",
      '    machines: {\n      pyrite: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos.base] },\n',
    ),
    finding: `FC017 error: machine pyrite at ${registry}:5`,
  },
  {
    what: "a machine that registry and inventory spell differently",
    files: edit(inventory, "        galena: {", "        galenna: {"),
    finding: `FC020 error: machine galenna at ${inventory}:6`,
  },
  {
    what: "a Mac without its class",
    files: edit(inventory, 'machineClass: "darwin", ', ""),
    finding: `FC018 error: machine stibnite at ${inventory}:15`,
  },
  {
    what: "a tag mistyped on a machine",
    files: edit(inventory, '            "peer",', '            "per",'),
    finding: `FC021 warning: tag per at ${inventory}:10`,
  },
  {
    what: "a role given to a mistyped tag",
    files: edit(inventory, 'peer: { tags: ["peer"] }', 'peer: { tags: ["peer", "peeer"] }'),
    finding: `FC022 warning: role zerotier/peer at ${inventory}:22`,
  },
  {
    what: "a role given to a tag of machines to come",
    files: edit(inventory, 'peer: { tags: ["peer"] }', 'peer: { tags: ["peer", "laptop"] }'),
    finding: `FC022 info: role zerotier/peer at ${inventory}:22`,
  },
  {
    what: "a role given to a machine that does not exist",
    files: edit(inventory, "controller: { machines: { cinnabar: {} } }", "controller: { machines: { cinabar: {} } }"),
    finding: `FC023 error: role zerotier/controller at ${inventory}:21`,
  },
  {
    what: "a service from a mistyped input",
    files: edit(inventory, '{ name: "zerotier", input: "clan-core" }', '{ name: "zerotier", input: "clan-cor" }'),
    finding: `FC024 error: instance zerotier at ${inventory}:19`,
  },
  {
    what: "a setting of an inline service",
    files: edit(
      inventory,
      "roles: { default: { machines: { cinnabar: {} } } },",
      "roles: { default: { machines: { cinnabar: {} }, settings: { port: 8080 } } },",
    ),
    finding: `FC025 error: role board/default at ${inventory}:31`,
  },
  {
    what: "a Mac in a service that has a module for nixos only",
    files: edit(
      inventory,
      "roles: { default: { machines: { cinnabar: {} } } },",
      "roles: { default: { machines: { cinnabar: {}, stibnite: {} } } },",
    ),
    finding: `FC026 warning: instance board at ${inventory}:31`,
  },
  {
    what: "the tag of all in a service that has a module for nixos only",
    files: edit(
      inventory,
      "roles: { default: { machines: { cinnabar: {} } } },",
      'roles: { default: { tags: ["all"] } },',
    ),
    finding: `FC026 info: instance board at ${inventory}:29`,
  },
  {
    what: "a machine without target host",
    files: edit(inventory, ', deploy: { targetHost: "root@galena.zt" }', ""),
    finding: `FC028 info: machine galena at ${inventory}:6`,
  },
  {
    what: "one service with and without its input",
    files: edit(
      inventory,
      "        board: {\n",
      '        "user-tara": { module: { name: "users" }, roles: { default: { tags: ["cloud"] } } },\n        board: {\n',
    ),
    finding: `FC030 info: instance user-tara at ${inventory}:29`,
  },
  {
    what: "a machine that nobody has an account on",
    files: edit(inventory, 'tags: ["nixos"]', 'tags: ["anchor"]'),
    finding: `FC034 info: machine electrum at ${registry}:6`,
  },
  {
    what: "two machines at one address",
    files: edit(inventory, "root@electrum.zt", "root@galena.zt"),
    finding: `FC039 error: machine galena at ${inventory}:6`,
  },
];

describe("one edit of modules, registry or inventory, one finding", () => {
  it("finds nothing in the fleet that is edited", async () => {
    assert.deepEqual(await findings({ files: soundFleet }), []);
  });

  raiseOneFindingEach(mutations);
});

describe("a tree of both languages", () => {
  /** The sound fleet with a part of base, an entry and its import in Nix. */
  const mixed = {
    ...soundFleet,
    "modules/nixos/base/time.nix": `{ config, ... }: {
  flake.modules.nixos.base = { imports = [ config.flake.modules.nixos.backup ]; time.timeZone = "UTC"; };
}
`,
    "modules/nixos/backup.ts": "export default { flake: { modules: { nixos: { backup: {} } } } };\n",
  };

  it("is sound as well: what a module in Nix imports is imported", async () => {
    assert.deepEqual(await findings({ files: mixed }), []);
  });

  it("FC001: is searched for mistyped names in either language", async () => {
    const time = mixed["modules/nixos/base/time.nix"].replace("nixos.base", "nixos.bsae");
    const found = await findings({ files: { ...mixed, "modules/nixos/base/time.nix": time } });
    assert.deepEqual(found, ["FC001 warning: entry nixos/bsae at modules/nixos/base/time.nix:2"]);
  });

  it("FC012: says nothing of entries that a module in Nix names which cannot be looked into", async () => {
    const unread = '{ lib, ... }: { flake.modules.nixos = lib.generators.entries { imports = [ "backup" ]; }; }\n';
    const { "modules/nixos/base/time.nix": _time, ...rest } = mixed;
    assert.deepEqual(await findings({ files: rest }), ["FC012 info: entry nixos/backup at modules/nixos/backup.ts:1"]);
    assert.deepEqual(await findings({ files: { ...rest, "modules/nixos/odd.nix": unread } }), []);
  });
});
