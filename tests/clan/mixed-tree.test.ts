import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { emitFleet } from "../../clan/emission/emit-fleet.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import { UnknownEntryError } from "../../composition/errors.ts";
import { FleetErrors } from "../../errors.ts";
import { galena, temporaryFleet } from "./support/temporary-fleet.ts";

const onBase = galena.replace(
  '{ networking: { hostName: "galena" } }',
  '{ imports: [config.flake.modules.nixos.base], networking: { hostName: "galena" } }',
);
/** The same aggregate, half of it in either language: a home, an account, and an entry that only Nix defines. */
const tree = {
  "modules/galena.ts": onBase,
  "modules/base/ssh.ts": `
import { flakeModule } from "pulumi-clan/author";
export default flakeModule({ flake: { modules: { nixos: { base: { services: { openssh: { enable: true } } } } } } });
`,
  "modules/base/users.nix": `
{ config, inputs, ... }:
let
  inherit (config.flake.modules) nixos homeManager;
in
{
  flake.modules.nixos.base = { pkgs, ... }: {
    imports = [ nixos.only-nix inputs.sops-nix.nixosModules.sops ];
    environment.systemPackages = [ pkgs.git ];
    users.users.mina.isNormalUser = true;
    home-manager.users.mina.imports = [ homeManager.shell ];
  };
}
`,
  "modules/only-nix.nix": `
{ lib, ... }: {
  flake.modules = lib.mkMerge [
    { nixos.only-nix = ./_details.nix; }
    { homeManager.shell.programs.zsh.enable = true; }
  ];
}
`,
  "modules/_details.nix": "{ imports = [ ]; }\n",
};

describe("a tree of .ts and .nix flake modules", () => {
  it("shows an aggregate of both as one, whatever the language of its parts", async () => {
    await using fleet = await temporaryFleet(tree);
    const { model, evaluation } = await readFleet(fleet.root);
    assert.deepEqual(model.namespaces, {
      homeManager: { shell: { files: ["modules/only-nix.nix"], importedBy: ["galena"] } },
      nixos: {
        base: { files: ["modules/base/ssh.ts", "modules/base/users.nix"], importedBy: ["galena"] },
        "machines/nixos/galena": { files: ["modules/galena.ts"], importedBy: ["galena"] },
        "only-nix": { files: ["modules/only-nix.nix"], importedBy: ["galena"] },
      },
    });
    assert.deepEqual(Object.values(model.machines)[0]?.users, ["mina"]);
    const places = evaluation.namespaces
      .get("nixos")
      ?.get("base")
      ?.map(({ definedAt }) => definedAt);
    assert.deepEqual(places?.[1], { file: "modules/base/users.nix", line: 6 });
    assert.deepEqual(evaluation.unreadNixModules, []);
  });

  it("shows the same when the other half is the one in Nix", async () => {
    const { "modules/base/ssh.ts": _ssh, "modules/base/users.nix": _users, ...rest } = tree;
    await using fleet = await temporaryFleet({
      ...rest,
      "modules/base/ssh.nix": "{ flake.modules.nixos.base.services.openssh.enable = true; }\n",
      "modules/base/users.ts": `
import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  flake: {
    modules: {
      nixos: {
        base: {
          imports: [config.flake.modules.nixos["only-nix"]],
          users: { users: { mina: { isNormalUser: true } } },
          "home-manager": { users: { mina: { imports: [config.flake.modules.homeManager.shell] } } },
        },
      },
    },
  },
}));
`,
    });
    const { model } = await readFleet(fleet.root);
    assert.deepEqual(model.namespaces["nixos"]?.["base"], {
      files: ["modules/base/ssh.nix", "modules/base/users.ts"],
      importedBy: ["galena"],
    });
    assert.deepEqual(model.namespaces["nixos"]?.["only-nix"]?.importedBy, ["galena"]);
    assert.deepEqual(model.namespaces["homeManager"]?.["shell"]?.importedBy, ["galena"]);
    assert.deepEqual(Object.values(model.machines)[0]?.users, ["mina"]);
  });

  it("emits what TypeScript defines and leaves the rest to the .nix files, which the same flake imports", async () => {
    await using fleet = await temporaryFleet({
      ...tree,
      "fleet.ts": `
import { defineFleet, importTree } from "pulumi-clan/author";
const url = "github:example/input";
export default defineFleet({
  name: "small",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: { nixpkgs: { url }, "clan-core": { url }, "flake-parts": { url }, "import-tree": { url } },
});
`,
    });
    const files = emitFleet((await readFleet(fleet.root)).evaluation);
    const entries = files.get("nix/entries.nix") ?? "";
    assert.match(entries, /nixos\.base\.imports = \[ \.\/entries\/nixos\/base\/ssh\.nix \]/);
    assert.doesNotMatch(entries, /only-nix|homeManager|users\.nix/);
    assert.match(files.get("flake.nix") ?? "", /import-tree \.\/modules/);
  });

  it("still refuses a name that neither language defines, at the line that used it", async () => {
    await using fleet = await temporaryFleet({
      ...tree,
      "modules/galena.ts": onBase.replace("nixos.base", "nixos.onlynix"),
    });
    await assert.rejects(readFleet(fleet.root), (error) => {
      assert.ok(error instanceof UnknownEntryError, String(error));
      assert.match(error.facts.at, /^modules\/galena\.ts:\d+$/);
      assert.match(error.facts.fix, /only-nix/);
      return true;
    });
  });

  it("refuses an entry of another class, defined in Nix, with both files", async () => {
    await using fleet = await temporaryFleet({
      ...tree,
      "modules/galena.ts": onBase.replace("nixos.base", "homeManager.shell"),
    });
    await assert.rejects(readFleet(fleet.root), (error) => {
      assert.ok(error instanceof Error && !(error instanceof FleetErrors), String(error));
      assert.match(error.message, /modules\/galena\.ts:\d+/);
      assert.match(error.message, /modules\/only-nix\.nix:4/);
      return true;
    });
  });

  it("takes a name that may be of a .nix file whose entries cannot be told, and says which file", async () => {
    await using fleet = await temporaryFleet({
      ...tree,
      "modules/galena.ts": onBase.replace("nixos.base", "nixos.generated"),
      "modules/generated.nix": "{ lib, ... }: { flake.modules.nixos = lib.generators.entries; }\n",
    });
    const { evaluation, model } = await readFleet(fleet.root);
    assert.deepEqual(evaluation.unreadNixModules, [
      { file: "modules/generated.nix", reason: "attribute 'generators' missing" },
    ]);
    assert.equal(model.namespaces["nixos"]?.["base"]?.files.length, 2, "the others are read");
  });
});
