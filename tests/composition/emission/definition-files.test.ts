import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { placeDefinitions } from "../../../composition/emission/definition-files.ts";

function place(entry: string, ...files: readonly string[]): readonly string[] {
  const definitions = files.map((file) => ({ class: "nixos", entry, body: {}, file, definedAt: { file } }));
  return placeDefinitions(definitions, new Set()).map(({ file }) => file);
}

describe("the file of a definition", () => {
  it("has the name of its TypeScript file below the entry's folder", () => {
    assert.deepEqual(place("machines/nixos/galena", "modules/machines/nixos/galena/default.ts"), [
      "nix/entries/nixos/machines/nixos/galena/default.nix",
    ]);
  });

  it("has its folders' names in front where another definition has the same name", () => {
    assert.deepEqual(place("base", "modules/nixos/users.ts", "modules/system/users.ts", "modules/nixos/time.ts"), [
      "nix/entries/nixos/base/nixos-users.nix",
      "nix/entries/nixos/base/system-users.nix",
      "nix/entries/nixos/base/time.nix",
    ]);
    assert.deepEqual(place("base", "modules/a/x/users.ts", "modules/b/x/Users.ts"), [
      "nix/entries/nixos/base/a-x-users.nix",
      "nix/entries/nixos/base/b-x-Users.nix",
    ]);
  });

  it("is numbered where one file defines an entry twice", () => {
    assert.deepEqual(place("base", "modules/base.ts", "modules/base.ts"), [
      "nix/entries/nixos/base/base.nix",
      "nix/entries/nixos/base/base-2.nix",
    ]);
  });

  it("stays below its folder and within what a path literal holds, whatever the entry's name", () => {
    assert.deepEqual(place("../../etc/pass wd", "modules/a b.ts"), ["nix/entries/nixos/_/_/etc/pass_wd/a_b.nix"]);
    assert.deepEqual(place("", "modules/@x.ts"), ["nix/entries/nixos/_/_x.nix"]);
  });

  it("is nobody else's, also where case is folded", () => {
    const file = "modules/x.ts";
    const definition = (entry: string) => ({ class: "nixos", entry, body: {}, file, definedAt: { file } });
    const taken = new Set<string>();
    assert.deepEqual(
      ["a b", "a_b", "A_b"].flatMap((entry) => placeDefinitions([definition(entry)], taken).map(({ file }) => file)),
      ["nix/entries/nixos/a_b/x.nix", "nix/entries/nixos/a_b/x-2.nix", "nix/entries/nixos/A_b/x-3.nix"],
    );
  });
});
