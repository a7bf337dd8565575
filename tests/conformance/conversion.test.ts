import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { compareConversion } from "../../conformance/conversion/compare-conversion.ts";
import { temporaryFolder } from "../composition/nix-text/nix-process.ts";

const root = resolve(import.meta.dirname, "../..");
const simulated = join(root, "sim/system/lib");

/** A module system in which it shows of how many modules a flake is made: a conversion changes their number. */
const impostor = `
let lib = import ${simulated}; in
lib // {
  evalModules = args: let
    evaluated = lib.evalModules args;
    count = toString (builtins.length args.modules);
    marked = builtins.mapAttrs (_: entry: { imports = [ entry { names = [ count ]; } ]; });
  in if args ? specialArgs then evaluated else evaluated // {
    config.flake.modules = builtins.mapAttrs (_: marked) evaluated.config.flake.modules;
  };
}
`;

describe("conformance of converted entries", function () {
  this.timeout(120_000);

  it("moves every export, and finds each entry as it was", async () => {
    assert.deepEqual(await compareConversion(root, simulated, AbortSignal.timeout(100_000)), {
      entries: 6,
      converted: 7,
      differences: [],
    });
  });

  it("sees the difference to a module system for which a converted entry is another one", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "lib"));
    writeFileSync(join(folder.path, "lib/default.nix"), impostor);
    const { differences } = await compareConversion(root, join(folder.path, "lib"), AbortSignal.timeout(100_000));
    assert.deepEqual(differences, ["aggregate", "base", "forced", "plain", "shared", "whole"]);
  });
});
