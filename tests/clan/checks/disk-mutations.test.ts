import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { findings, type Mutation, raiseOneFindingEach } from "./support/mutation.ts";
import { edit, lock, lockedInput, remove, soundFleet, write } from "./support/sound-fleet.ts";

const run = promisify(execFile);
const inventory = "modules/clan/inventory.ts";
const wireguardKey = `${"A".repeat(42)}E=`;

const mutations: readonly Mutation[] = [
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
    what: "a machine that two stacks take",
    files: {
      ...write("Pulumi.core.yaml", 'config:\n  pulumi-clan:machines: ["!galena"]\n'),
      "Pulumi.burst.yaml": "config:\n  gcp:project: p\n  pulumi-clan:machines: [galena, electrum]\n",
      "Pulumi.lab.yaml": "config:\n  pulumi-clan:systemBuilder: sim/system\n",
    },
    finding: "FC060 warning: machine electrum at Pulumi.core.yaml:2",
  },
  {
    what: "identities for an installation that lie in the fleet's tree",
    files: {
      ...write("Pulumi.core.yaml", "config:\n  pulumi-clan:hosts: { galena: { install: { files: ./identity } } }\n"),
      "identity/etc/ssh/ssh_host_ed25519_key": "of galena",
    },
    finding: "FC067 error: file identity/etc/ssh/ssh_host_ed25519_key at Pulumi.core.yaml:2",
  },
  {
    what: "the key of an encrypted disk in the fleet's tree",
    files: {
      ...write(
        "Pulumi.core.yaml",
        'config:\n  pulumi-clan:hosts:\n    galena: { install: { diskKeys: { "/k": disk.key } } }\n',
      ),
      "disk.key": "of galena",
    },
    finding: "FC067 error: file disk.key at Pulumi.core.yaml:3",
  },
  {
    what: "a machine that no stack takes",
    files: write("Pulumi.core.yaml", 'config:\n  pulumi-clan:machines: ["!galena"]\n'),
    finding: "FC060 info: machine galena at modules/clan/machines.ts:5",
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
    what: "a sops file that was not encrypted anew after its rule changed",
    files: {
      ...write(".sops.yaml", "creation_rules:\n  - path_regex: secrets/.*\\.yaml$\n    age: age1new,age1kept\n"),
      "secrets/mail.yaml": "a: ENC[]\nsops:\n    age:\n        - recipient: age1kept\n          enc: x\n",
      "modules/note.yaml": "a: 1\n",
    },
    finding: "FC064 warning: file secrets/mail.yaml at secrets/mail.yaml",
  },
  {
    what: "a name that is left in inventory.json",
    files: write("inventory.json", '{ "machines": { "ghost": { "installedAt": 1 }, "galena": { "installedAt": 1 } } }'),
    finding: "FC019 warning: machine ghost at inventory.json",
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

describe("one edit of disk, git, lock or secrets, one finding", () => {
  it("takes no mention of a private key's header for a key", async () => {
    const files = edit(
      "modules/nixos/base/boot.ts",
      "cleanOnBoot: true",
      'refuse: "-----BEGIN OPENSSH PRIVATE KEY-----"',
    );
    assert.deepEqual(await findings({ files }), []);
  });

  it("FC067: leaves alone what git ignores, and what lies elsewhere or is not there", async () => {
    const stack = `config:
  pulumi-clan:identityFile: ~/.ssh/id_ed25519
  pulumi-clan:hosts:
    galena: { identityFile: ../key, install: { files: identity, diskKeys: { /k: /etc/machine-id } } }
    electrum: { install: { files: gone, diskKeys: 7 } }
  pulumi-clan:jumpHosts: none
`;
    const files = { ...write("Pulumi.core.yaml", stack), ".gitignore": "/identity/\n", "identity/key": "of galena" };
    assert.deepEqual(await findings({ files }), []);
  });

  it("FC010: finds what is set aside however the module folder is written", async () => {
    const fleetFile = (soundFleet["fleet.ts"] ?? "").replace('importTree("modules")', 'importTree("./modules/")');
    const files = { ...write("modules/nixos/_backup.nix", "{ }"), "fleet.ts": fleetFile };
    assert.deepEqual(await findings({ files }), [
      "FC010 info: file modules/nixos/_backup.nix at modules/nixos/_backup.nix",
    ]);
  });

  raiseOneFindingEach(mutations);
});
