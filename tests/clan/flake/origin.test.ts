import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { entryIn, fileIn } from "../../../clan/flake/origin.ts";

const tree = { root: "/fleet", path: "/nix/store/00000000000000000000000000000000-source", narHash: "sha256-x" };

/** As nixpkgs writes a name into an attribute path: lib/strings.nix, escapeNixIdentifier. */
function escapeName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(name) ? name : JSON.stringify(name).replaceAll("$", "\\$");
}

describe("the origin of a module", () => {
  it("names the entry that it is, whatever characters its name has", () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "B", "-", "/", ".", '"', "\\", "$", "{", "\n", "ü"),
      minLength: 1,
    });
    fc.assert(
      fc.property(name, name, (ofClass, entry) => {
        const path = `modules.${escapeName(ofClass)}.${escapeName(entry)}`;
        assert.deepEqual(entryIn(`${tree.path}#${path}`), { class: ofClass, entry });
        assert.deepEqual(entryIn(`${tree.path}/modules/x.nix, via option flake.${path}`), { class: ofClass, entry });
      }),
    );
  });

  it("is no entry for files, for other options and for parts below an entry", () => {
    assert.equal(entryIn(`${tree.path}/modules/x.nix`), undefined);
    assert.equal(entryIn(`${tree.path}/modules/x.nix, via option clan.machines.galena`), undefined);
    assert.equal(entryIn(`${tree.path}#modules.nixos.base.extra`), undefined);
    assert.equal(entryIn("<unknown-file>"), undefined);
  });

  it("names the file in the flake's folder, and none of an input", () => {
    assert.equal(fileIn(`${tree.path}/modules/x.nix, via option flake.modules.nixos.a`, tree), "modules/x.nix");
    assert.equal(fileIn(`${tree.path}/infra/x.nix`, { ...tree, dir: "infra" }), "x.nix");
    assert.equal(fileIn(`${tree.path}/lib/x.nix`, { ...tree, dir: "infra" }), "../lib/x.nix");
    assert.equal(fileIn("/nix/store/11111111111111111111111111111111-source/x.nix", tree), undefined);
    assert.equal(fileIn(`${tree.path}#modules.nixos.base`, tree), undefined);
    assert.equal(fileIn("<unknown-file>", tree), undefined);
  });
});
