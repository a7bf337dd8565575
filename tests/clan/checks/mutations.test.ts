import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { allRules } from "../../../clan/checks/all-rules.ts";
import { checkFleet } from "../../../clan/checks/check-fleet.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { patience } from "../../deploy/support/signals.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";
import { edit, type Files, lock, lockedInput, remove, soundFleet, write } from "./support/sound-fleet.ts";

interface Mutation {
  /** What the edit is. */
  readonly what: string;
  readonly files: Files;
  /** What a text cannot do: links, git. */
  readonly prepare?: (root: string) => Promise<unknown>;
  /** `<rule> <severity>: <subject> at <place>` of the only finding. */
  readonly finding: string;
}

const run = promisify(execFile);
const inventory = "modules/clan/inventory.ts";
const registry = "modules/clan/machines.ts";

const wireguardKey = `${"A".repeat(42)}E=`;

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
    what: "a module set aside with an underscore",
    files: write("modules/nixos/_backup.nix", "{ }"),
    finding: "FC010 info: file modules/nixos/_backup.nix at modules/nixos/_backup.nix",
  },
  {
    what: "a copy that an editor left",
    files: write("modules/nixos/base/ssh.ts.bak", "export default {};"),
    finding: "FC010 info: file modules/nixos/base/ssh.ts.bak at modules/nixos/base/ssh.ts.bak",
  },
  {
    what: "a folder of modules behind a link",
    files: write("elsewhere/more.nix", "{ }"),
    prepare: (root) => symlink(join(root, "elsewhere"), join(root, "modules/more")),
    finding: "FC010 info: file modules/more at modules/more",
  },
  {
    what: "a module that was not added to git",
    files: soundFleet,
    prepare: async (root) => {
      await run("git", ["init", "--quiet"], { cwd: root });
      await run("git", ["add", "--", "modules", ":!modules/nixos/board.ts"], { cwd: root });
    },
    finding: "FC011 info: file modules/nixos/board.ts at modules/nixos/board.ts",
  },
  {
    what: "a module that git ignores",
    files: write(".gitignore", "board.ts\n"),
    prepare: async (root) => {
      await run("git", ["init", "--quiet"], { cwd: root });
      await run("git", ["add", "--", "modules"], { cwd: root });
    },
    finding: "FC011 info: file modules/nixos/board.ts at modules/nixos/board.ts",
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
    what: "a folder that is left of a machine",
    files: write("machines/ghost/facter.json", "{}"),
    finding: "FC019 warning: machine ghost at machines/ghost",
  },
  {
    what: "a machine that only clan's folder makes",
    files: write("machines/ghost/configuration.nix", "{ }"),
    finding: "FC019 info: machine ghost at machines/ghost",
  },
  {
    what: "a name that is left in inventory.json",
    files: write("inventory.json", '{ "machines": { "ghost": { "installedAt": 1 }, "galena": { "installedAt": 1 } } }'),
    finding: "FC019 warning: machine ghost at inventory.json",
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
    what: "a peer whose identity was not generated",
    files: remove("vars/shared/zerotier-ip-galena-zerotier/ip/value"),
    finding: `FC031 warning: machine galena at ${inventory}:18`,
  },
  {
    what: "a secret that was not encrypted anew for a new key",
    files: write("sops/machines/galena/key.json", '[{ "publickey": "age1new", "type": "age" }]'),
    finding: "FC032 error: machine galena at vars/per-machine/galena/root-password/hash/secret",
  },
  {
    what: "a secret for a machine without a key",
    files: remove("sops/machines/galena/key.json"),
    finding: "FC032 error: machine galena at vars/per-machine/galena/root-password/hash",
  },
  {
    what: "keys that a removed machine left",
    files: write("sops/machines/ghost/key.json", '{ "publickey": "age1ghost", "type": "age" }'),
    finding: "FC033 info: machine ghost at sops/machines/ghost",
  },
  {
    what: "a machine that nobody has an account on",
    files: edit(inventory, 'tags: ["nixos"]', 'tags: ["anchor"]'),
    finding: `FC034 info: machine electrum at ${registry}:6`,
  },
  {
    what: "a generated address written out by hand",
    files: edit(
      "modules/nixos/base/boot.ts",
      "cleanOnBoot: true",
      'cleanOnBoot: "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:1"',
    ),
    finding: "FC035 info: file vars/shared/zerotier-ip-galena-zerotier/ip at modules/nixos/base/boot.ts:3",
  },
  {
    what: "a recipe for a mistyped machine",
    files: edit("justfile", "galena", "galean"),
    finding: "FC037 warning: file justfile at justfile:2",
  },
  {
    what: "two machines at one address",
    files: edit(inventory, "root@electrum.zt", "root@galena.zt"),
    finding: `FC039 error: machine galena at ${inventory}:6`,
  },
  {
    what: "a host key copied from another machine",
    files: edit("vars/per-machine/electrum/openssh/ssh.id_ed25519.pub/value", "AAAAelectrum", "AAAAgalena root@galena"),
    finding: "FC046 error: machine galena at vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value",
  },
  {
    what: "a ZeroTier address copied from another machine",
    files: edit("vars/shared/zerotier-ip-electrum-zerotier/ip/value", "bbcc:2", "bbcc:1"),
    finding: "FC046 error: machine galena at vars/shared/zerotier-ip-galena-zerotier/ip/value",
  },
  {
    what: "a WireGuard key copied from another machine",
    files: {
      ...write("vars/per-machine/electrum/wireguard/publickey/value", wireguardKey),
      "vars/per-machine/galena/wireguard/publickey/value": wireguardKey,
    },
    finding: "FC046 error: machine galena at vars/per-machine/galena/wireguard/publickey/value",
  },
  {
    what: "an age key copied from another machine",
    files: write("sops/machines/electrum/key.json", soundFleet["sops/machines/galena/key.json"] ?? ""),
    finding: "FC046 warning: machine galena at sops/machines/galena/key.json",
  },
  {
    what: "a private key in a module",
    files: edit("modules/nixos/base/boot.ts", "cleanOnBoot: true", `key: "AGE-SECRET-KEY-1${"Q".repeat(58)}"`),
    finding: "FC048 error: file modules/nixos/base/boot.ts at modules/nixos/base/boot.ts:3",
  },
  {
    what: "a private key of another kind",
    files: edit(
      "modules/nixos/base/boot.ts",
      "cleanOnBoot: true",
      `key: "-----BEGIN OPENSSH PRIVATE KEY-----\\n${"b3BlbnNz".repeat(8)}"`,
    ),
    finding: "FC048 error: file modules/nixos/base/boot.ts at modules/nixos/base/boot.ts:3",
  },
  {
    what: "an input of another release",
    files: edit("fleet.ts", "release-25.05", "release-24.11"),
    finding: "FC051 warning: input home-manager at fleet.ts:8",
  },
  {
    what: "an input that flake.lock lacks",
    files: edit("fleet.ts", '"clan-core": {', 'disko: { url: "github:nix-community/disko" },\n    "clan-core": {'),
    finding: "FC051 warning: input disko at flake.lock",
  },
  {
    what: "an input without a hash",
    files: write("flake.lock", lock({ "clan-core": { locked: { type: "github" } } })),
    finding: "FC051 warning: input clan-core at flake.lock",
  },
  {
    what: "a second nixpkgs",
    files: write(
      "flake.lock",
      lock({
        "clan-core": lockedInput("clan-core", { inputs: { nixpkgs: "nixpkgs_2" } }),
        nixpkgs_2: lockedInput("nixpkgs", {}, { narHash: "sha256-other" }),
      }),
    ),
    finding: "FC051 info: input nixpkgs at flake.lock",
  },
  {
    what: "an input from the registry",
    files: write(
      "flake.lock",
      lock({ "clan-core": lockedInput("clan-core", { original: { type: "indirect", id: "clan-core" } }) }),
    ),
    finding: "FC051 info: input clan-core at flake.lock",
  },
  {
    what: "a nixpkgs of the year before",
    files: write("flake.lock", lock({ nixpkgs: lockedInput("nixpkgs", {}, { lastModified: 1_600_000_000 }) })),
    finding: "FC051 info: input nixpkgs at flake.lock",
  },
  {
    what: "a suppression that matches nothing",
    files: edit(
      "fleet.ts",
      "export default",
      'fleet.checks.allow([{ rule: "FC012", subject: "nixos/board", reason: "off" }]);\nexport default',
    ),
    finding: "FC053 info: suppression FC012 nixos/board at fleet.ts:12",
  },
];

async function findings({ files, prepare }: Pick<Mutation, "files" | "prepare">): Promise<readonly string[]> {
  await using fleet = await temporaryFleet(files);
  await prepare?.(fleet.root);
  const { findings: found } = await checkFleet(
    () => readFleet(fleet.root),
    { rules: allRules, evaluate: false, report: () => undefined },
    patience(),
  );
  return found.map(({ rule, severity, subject, at }) => {
    return `${rule} ${severity}: ${subject.kind} ${subject.name}${at === null ? "" : ` at ${formatLocation(at)}`}`;
  });
}

describe("one edit, one finding", () => {
  it("finds nothing in the fleet that is edited", async () => {
    assert.deepEqual(await findings({ files: soundFleet }), []);
  });

  it("takes no mention of a private key's header for a key", async () => {
    const files = edit(
      "modules/nixos/base/boot.ts",
      "cleanOnBoot: true",
      'refuse: "-----BEGIN OPENSSH PRIVATE KEY-----"',
    );
    assert.deepEqual(await findings({ files }), []);
  });

  it("leaves alone what a module in Nix, in the same tree, may import", async () => {
    const unused = { "modules/nixos/backup.ts": "export default { flake: { modules: { nixos: { backup: {} } } } };\n" };
    const nix = {
      "modules/nixos/server.nix":
        "{ config, ... }: { flake.modules.nixos.server.imports = [ config.flake.modules.nixos.backup ]; }\n",
    };
    assert.deepEqual(await findings({ files: { ...soundFleet, ...unused, ...nix } }), []);
  });

  for (const mutation of mutations) {
    it(`${mutation.finding.slice(0, 5)}: ${mutation.what}`, async () => {
      assert.deepEqual(await findings(mutation), [mutation.finding]);
    });
  }
});
