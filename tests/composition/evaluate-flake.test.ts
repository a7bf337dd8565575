import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { collectReferences } from "../../composition/body/references.ts";
import { importTree } from "../../composition/define-fleet.ts";
import { EntryReference } from "../../composition/entry-reference.ts";
import { UnknownEntryError } from "../../composition/errors.ts";
import { flakeConfigPath, isFlakeConfig } from "../../composition/evaluation/config-scope.ts";
import { evaluateModules, failure, fleetTree, mkOption, types } from "./fleet-tree.ts";

describe("an evaluated flake", () => {
  it("has each entry's definitions in the order of the files, with file and line", async () => {
    using tree = fleetTree({
      "modules/nixos/users.ts": `export default {\n  flake: {\n    modules: {\n      nixos: {\n        base: { users: 1 },\n      },\n    },\n  },\n};\n`,
      "modules/nixos/openssh.ts": `export default ({ lib }) => ({\n  flake: lib.mkMerge([\n    { modules: { nixos: { base: { ssh: 1 } } } },\n    lib.mkIf(false, { modules: { nixos: { never: {} } } }),\n  ]),\n});\n`,
    });
    const { namespaces } = await tree.evaluate();
    assert.deepEqual([...namespaces.keys()], ["nixos"]);
    assert.deepEqual(
      [...(namespaces.get("nixos") ?? [])],
      [
        [
          "base",
          [
            {
              class: "nixos",
              entry: "base",
              body: { ssh: 1 },
              file: "modules/nixos/openssh.ts",
              definedAt: { file: "modules/nixos/openssh.ts", line: 3 },
            },
            {
              class: "nixos",
              entry: "base",
              body: { users: 1 },
              file: "modules/nixos/users.ts",
              definedAt: { file: "modules/nixos/users.ts", line: 5 },
            },
          ],
        ],
      ],
    );
  });

  it("takes common for generic, where it is defined and where it is used", async () => {
    const { namespaces } = await evaluateModules(({ config }) => ({
      flake: {
        modules: {
          common: { hosts: {} },
          generic: { nix: { imports: [config.flake.modules.common["hosts"]] } },
        },
      },
    }));
    assert.deepEqual([...(namespaces.get("generic")?.keys() ?? [])], ["hosts", "nix"]);
    const body = namespaces.get("generic")?.get("nix")?.[0]?.body;
    assert.equal(JSON.stringify(body), '{"imports":[{"class":"generic","entry":"hosts"}]}');
  });

  it("passes classes through that it has never heard of", async () => {
    const { namespaces } = await evaluateModules({ flake: { modules: { terranix: { dns: {} } } } });
    assert.deepEqual([...namespaces.keys()], ["terranix"]);
  });

  it("never evaluates a body", async () => {
    const body = (): never => assert.fail("a body was called");
    const { namespaces } = await evaluateModules({ flake: { modules: { nixos: { base: body } } } });
    assert.equal(namespaces.get("nixos")?.get("base")?.[0]?.body, body);
  });

  it("keeps forced definitions of an entry only", async () => {
    const { namespaces } = await evaluateModules(
      { flake: { modules: { nixos: { base: { plain: 1 } } } } },
      ({ lib }) => ({ flake: { modules: { nixos: { base: lib.mkForce({ forced: 1 }) } } } }),
    );
    assert.deepEqual(
      namespaces
        .get("nixos")
        ?.get("base")
        ?.map(({ body }) => body),
      [{ forced: 1 }],
    );
  });

  it("has overlays in the order of the files, mkBefore first and mkAfter last, with their places", async () => {
    using tree = fleetTree({
      "modules/a.ts": `export default ({ lib }) => ({\n  flake: { nixpkgsOverlays: lib.mkAfter([{ name: "a" }]) },\n});\n`,
      "modules/b.ts": `export default { flake: {\n  nixpkgsOverlays: [{ name: "b1" }, { name: "b2" }],\n} };\n`,
      "modules/c.ts": `export default ({ lib }) => ({ flake: {\n\n  nixpkgsOverlays: lib.mkBefore([{ name: "c" }]),\n} });\n`,
    });
    assert.deepEqual((await tree.evaluate()).overlays, [
      { body: { name: "c" }, definedAt: { file: "modules/c.ts", line: 3 } },
      { body: { name: "b1" }, definedAt: { file: "modules/b.ts", line: 2 } },
      { body: { name: "b2" }, definedAt: { file: "modules/b.ts", line: 2 } },
      { body: { name: "a" }, definedAt: { file: "modules/a.ts", line: 2 } },
    ]);
  });

  it("says where an option's value comes from", async () => {
    using tree = fleetTree({
      "modules/options.ts": `export default ({ lib }) => ({ options: { users: lib.mkOption({ type: lib.types.attrsOf(lib.types.anything) }) } });`,
      "modules/a.ts": `export default {\n  users: {\n    ann: { shell: "zsh", groups: ["wheel"] },\n  },\n};\n`,
      "modules/b.ts": `export default ({ lib }) => ({\n  users: lib.mkMerge([{ ann: {\n    shell: lib.mkForce("fish"),\n  } }]),\n});\n`,
    });
    const { definitionsOf } = await tree.evaluate();
    assert.deepEqual(definitionsOf(["users", "ann", "shell"]), [{ file: "modules/b.ts", line: 3, value: "fish" }]);
    assert.deepEqual(definitionsOf(["users", "ann", "groups"]), [{ file: "modules/a.ts", line: 3, value: ["wheel"] }]);
    assert.deepEqual(definitionsOf(["users", "bob"]), []);
  });

  it("does not take the keys of an input for names", async () => {
    using tree = fleetTree({
      "modules/a.ts": `export default ({ inputs }) => ({\n  flake: { modules: { nixos: { base: { a: Object.keys(inputs.nixpkgs.lib).length } } } },\n});\n`,
    });
    assert.match(
      await failure(tree.evaluate()),
      /`inputs\.nixpkgs\.lib` was asked for its keys, but they are known to Nix only[\s\S]*modules\/a\.ts:2/,
    );
  });

  it("lists the flake modules in TypeScript and those left to Nix", async () => {
    using tree = fleetTree({ "modules/a.ts": "export default {};", "modules/x/b.nix": "{ }", "modules/_c.nix": "{ }" });
    const { files, nixFiles } = await tree.evaluate();
    assert.deepEqual({ files, nixFiles }, { files: ["modules/a.ts"], nixFiles: ["modules/x/b.nix"] });
  });

  it("counts a file once that two trees and an import reach", async () => {
    using tree = fleetTree({
      "modules/options.ts": `export default ({ lib }) => ({ options: { seen: lib.mkOption({ type: lib.types.listOf(lib.types.str) }) } });`,
      "modules/deep/a.ts": `export default { seen: ["a"] };`,
      "modules/b.ts": `import a from "./deep/a.ts";\nexport default { imports: [a], seen: ["b"] };`,
    });
    const { config, files } = await tree.evaluate({ imports: [importTree("modules/deep"), importTree("modules")] });
    assert.deepEqual(config["seen"], ["a", "b"]);
    assert.deepEqual(files, ["modules/deep/a.ts", "modules/b.ts", "modules/options.ts"]);
  });
});

describe("config.flake.modules", () => {
  it("gives references that know where they were used", async () => {
    using tree = fleetTree({
      "modules/a.ts": `export default ({ config }) => {\n  const { base } = config.flake.modules.nixos;\n  return { flake: { modules: { nixos: { base: {}, top: { imports: [base] } } } } };\n};\n`,
    });
    const body = (await tree.evaluate()).namespaces.get("nixos")?.get("top")?.[0]?.body;
    const [used, ...others] = collectReferences(body).map(({ reference }) => reference);
    assert.deepEqual(others, []);
    assert.ok(used?.equals(new EntryReference("nixos", "base", { file: "modules/a.ts" })));
    assert.deepEqual(used?.usedAt, { file: "modules/a.ts", line: 2 });
  });

  it("checks references of functions that run after the evaluation at once", async () => {
    const { namespaces } = await evaluateModules(({ config }) => ({
      flake: { modules: { nixos: { base: () => ({ imports: [config.flake.modules.nixos["bsae"]] }) } } },
    }));
    const body = namespaces.get("nixos")?.get("base")?.[0]?.body;
    assert.ok(typeof body === "function");
    assert.throws(() => body(), UnknownEntryError);
  });

  it("is known for a part of the flake's configuration, as is every set of config", async () => {
    const seen: unknown[] = [];
    const options = { users: mkOption({ type: types.attrsOf(types.attrsOf(types.int)), default: { ann: { id: 1 } } }) };
    await evaluateModules({ options }, ({ config }) => {
      seen.push(config, config.flake, config.flake.modules, config.flake.modules.nixos, config["users"]);
      return {};
    });
    const sets = seen.slice(-5);
    assert.deepEqual(sets.map(isFlakeConfig), [true, true, true, true, true]);
    const paths = sets.map((set) => typeof set === "object" && set !== null && flakeConfigPath(set)?.join("."));
    assert.deepEqual(paths, ["", "flake", "flake.modules", "flake.modules.nixos", "users"]);
    assert.deepEqual([{}, null, "config", undefined].map(isFlakeConfig), [false, false, false, false]);
  });
});
