import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { discoverModules } from "../../composition/discover-modules.ts";
import { failure, fleetTree } from "./fleet-tree.ts";

function files(...paths: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(paths.map((path) => [`modules/${path}`, ""]));
}

describe("discovery of flake modules", () => {
  it("finds files at any depth, default.ts and its siblings alike, in the alphabet's order", () => {
    using tree = fleetTree(files("b.ts", "a/default.ts", "a/sibling.ts", "a/deep/er/x.ts", "a.ts", "c_d/x_.ts"));
    const expected = ["a/deep/er/x.ts", "a/default.ts", "a/sibling.ts", "a.ts", "b.ts", "c_d/x_.ts"];
    assert.deepEqual(discoverModules(tree.root, "modules").ts, expected);
  });

  it("passes over what begins with an underscore, file or folder, at any depth below the tree", () => {
    using tree = fleetTree(files("_a.ts", "b/_c.ts", "b/_d/e.ts", "_f/g/h.ts", "b/kept.ts", "_x.nix", "_d/y.nix"));
    assert.deepEqual(discoverModules(tree.root, "modules"), { ts: ["b/kept.ts"], nix: [] });
  });

  it("does not mind an underscore in the tree's own path", () => {
    using tree = fleetTree({ "_modules/_inner/a.ts": "" });
    assert.deepEqual(discoverModules(tree.root, "_modules/_inner").ts, ["a.ts"]);
  });

  it("keeps hidden files and links to files, and passes over links to folders", () => {
    using tree = fleetTree(files(".hidden.ts", ".dir/a.ts", "real.ts", "folder/b.ts"));
    symlinkSync("real.ts", join(tree.root, "modules/link.ts"));
    symlinkSync("folder", join(tree.root, "modules/linked"));
    symlinkSync("folder", join(tree.root, "modules/linked.ts"));
    symlinkSync("nowhere.ts", join(tree.root, "modules/dangling.ts"));
    const expected = [".dir/a.ts", ".hidden.ts", "dangling.ts", "folder/b.ts", "link.ts", "real.ts"];
    assert.deepEqual(discoverModules(tree.root, "modules").ts, expected);
  });

  it("tells Nix modules apart and passes over other suffixes, declarations and tests", () => {
    using tree = fleetTree(
      files("a.ts", "a.test.ts", "a.d.ts", "a.js", "b.nix", "b.test.nix", "b.nix.bak", "c.mts", "d.yaml"),
    );
    mkdirSync(join(tree.root, "modules/folder.ts"));
    assert.deepEqual(discoverModules(tree.root, "modules"), { ts: ["a.ts"], nix: ["b.nix", "b.test.nix"] });
  });

  it("says which folder is missing", async () => {
    using tree = fleetTree({});
    assert.equal(
      await failure(tree.evaluate()),
      `importTree("modules"): the folder cannot be read
  expected: a folder modules beside fleet.ts
  found:    ENOENT: no such file or directory, scandir '${tree.root}/modules'
  at:       fleet.ts
  fix:      create the folder, or correct the path: it is relative to fleet.ts`,
    );
  });
});
