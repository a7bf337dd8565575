import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { compareModuleSets } from "../../conformance/modules/compare.ts";
import { printModuleSet } from "../../conformance/modules/evaluate-nixpkgs.ts";
import { moduleSet } from "../../conformance/modules/module-set.ts";
import { isConform } from "../../conformance/modules/render-agreement.ts";
import { syntaxError, temporaryFolder } from "../composition/nix-text/nix-process.ts";

/** A module system that refuses all modules, or takes every option to be null. */
const impostor = (config: string) => `{
  evalModules = _: { config = ${config}; };
  getAttrFromPath = _: config: config.value;
  recursiveUpdate = a: b: a // b;
}
`;

describe("conformance of module sets", function () {
  this.timeout(60_000);

  it("prints them as Nix", () => {
    using folder = temporaryFolder();
    const files = fc.sample(moduleSet, { numRuns: 50 }).map((set, index) => {
      const file = join(folder.path, `${index}.nix`);
      writeFileSync(file, `lib: together: run: ${printModuleSet(set)}\n`);
      return file;
    });
    assert.equal(syntaxError(files), undefined);
  });

  for (const [name, config] of [
    ["refuses everything", '{ value = throw "no"; }'],
    ["takes everything for null", "{ value = null; }"],
  ] as const) {
    it(`sees the difference to a module system that ${name}`, async () => {
      using folder = temporaryFolder();
      mkdirSync(join(folder.path, "lib"));
      writeFileSync(join(folder.path, "lib/default.nix"), impostor(config));
      const plan = { cases: 20, seed: 1 };
      const agreement = await compareModuleSets(join(folder.path, "lib"), plan, AbortSignal.timeout(60_000));
      assert.equal(isConform(agreement), false);
      assert.ok(agreement.disagreements.length > 0);
    });
  }
});
