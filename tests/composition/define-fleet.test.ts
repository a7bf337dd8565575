import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, it } from "mocha";
import { failure, fleetTree } from "./fleet-tree.ts";

const library = pathToFileURL(join(import.meta.dirname, "../../composition/define-fleet.ts")).href;

/** The message that loading a fleet.ts gives. */
async function loading(text: string): Promise<string> {
  using tree = fleetTree({ "fleet.ts": `import { defineFleet, importTree } from "${library}";\n${text}` });
  return await failure(import(pathToFileURL(join(tree.root, "fleet.ts")).href));
}

describe("fleet.ts", () => {
  it("is told everything that is wrong with it, each at its line", async () => {
    const message = await loading(`export default defineFleet({
  nmae: "minerals",
  name: "Minerals",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  registry: "klan",
  inputs: {
    nixpkgs: { url: "nix pkgs" },
    "clan-core": { url: "https://example.org/clan.tar.gz", folows: {} },
  },
});
`);
    assert.equal(
      message,
      `fleet.ts: name is not what it must be
  expected: lower-case letters, digits and dashes, a letter first
  found:    "Minerals"
  at:       fleet.ts:4
  fix:      correct it in fleet.ts

fleet.ts: inputs.nixpkgs.url is not what it must be
  expected: a flake URL, e.g. github:NixOS/nixpkgs/nixos-unstable
  found:    "nix pkgs"
  at:       fleet.ts:9
  fix:      correct it in fleet.ts

fleet.ts: inputs.clan-core.folows: there is no such setting
  expected: one of url, follows, flake
  found:    folows
  at:       fleet.ts:10
  fix:      did you mean "follows"?

fleet.ts: registry is not what it must be
  expected: one of "clan"|"plain"
  found:    "klan"
  at:       fleet.ts:7
  fix:      correct it in fleet.ts

fleet.ts: nmae: there is no such setting
  expected: one of name, description, inputs, systems, imports, registry, nixConfig
  found:    nmae
  at:       fleet.ts:3
  fix:      did you mean "name"?`,
    );
  });

  it("is told about an input that follows one that it does not declare", async () => {
    const message = await loading(`export default defineFleet({
  name: "minerals", systems: [], imports: [],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs" },
    "home-manager": { url: "github:nix-community/home-manager", follows: {
      nixpkgs: "nixpgks",
    } },
  },
});
`);
    assert.equal(
      message,
      `fleet.ts: input home-manager lets its nixpkgs follow an input that is not declared
  expected: one of nixpkgs, home-manager
  found:    "nixpgks"
  at:       fleet.ts:7
  fix:      did you mean "nixpkgs"?`,
    );
  });
});
