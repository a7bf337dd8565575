import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { collectReferences } from "../../../composition/body/references.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { failure, fleetTree } from "../fleet-tree.ts";

/** `file:line` of every reference in the body of `nixos.<entry>`. */
async function places(files: Readonly<Record<string, string>>, entry: string): Promise<readonly string[]> {
  using tree = fleetTree({
    "modules/base.ts": "export default { flake: { modules: { nixos: { base: {} } } } };\n",
    ...files,
  });
  const { namespaces } = await tree.evaluate();
  const [definition] = namespaces.get("nixos")?.get(entry) ?? [];
  return collectReferences(definition?.body).map(({ reference }) => formatLocation(reference.usedAt));
}

const machine = (imports: string): string =>
  `export default ({ config }) => {
  const { nixos } = config.flake.modules;
  return { flake: { modules: { nixos: { galena: { imports: ${imports} } } } } };
};
`;

describe("place of a reference", () => {
  it("is the line that names the entry, each for itself", async () => {
    const files = { "modules/a.ts": machine("[\n    nixos.base,\n    nixos.base,\n  ]") };
    assert.deepEqual(await places(files, "galena"), ["modules/a.ts:4", "modules/a.ts:5"]);
  });

  it("is the innermost line of the author's, where a helper names the entry", async () => {
    const files = {
      "modules/_help.ts": "export const help = (nixos) =>\n  nixos.base;\n",
      "modules/a.ts": `import { help } from "./_help.ts";\n${machine("[help(nixos)]")}`,
    };
    assert.deepEqual(await places(files, "galena"), ["modules/_help.ts:2"]);
  });

  it("is found through JavaScript's own functions, and through many of the author's", async () => {
    const through = machine(`["base"].map((name) => Reflect.get(nixos, name))`);
    assert.deepEqual(await places({ "modules/a.ts": through }, "galena"), ["modules/a.ts:3"]);
    const deep = `const dig = (depth, get) => (depth === 0 ? get() : dig(depth - 1, get));\n${machine("[dig(200, () => nixos.base)]")}`;
    assert.deepEqual(await places({ "modules/a.ts": deep }, "galena"), ["modules/a.ts:4"]);
  });

  it("is the line that spreads a set of references, which reads them", async () => {
    const files = { "modules/a.ts": machine("[\n    { ...nixos }.base,\n  ]") };
    assert.deepEqual(await places(files, "galena"), ["modules/a.ts:4"]);
  });

  it("is each reference's own, however many ways a module comes by them", async () => {
    // An option's value computes its reference once, whoever reads it first: its line is the getter's.
    const lent = `export default ({ config, lib }) => ({
  options: { lent: lib.mkOption({ type: lib.types.lazyAttrsOf(lib.types.raw) }) },
  config: { lent: { get base() {
    return config.flake.modules.nixos.base;
  } } },
});
`;
    const ways = {
      "nixos.base": undefined,
      "help(nixos)": "modules/_help.ts:2",
      "config.lent.base": "modules/lent.ts:4",
    } as const;
    const way = fc.constantFrom(...Object.keys(ways).map((text) => text as keyof typeof ways));
    await fc.assert(
      fc.asyncProperty(fc.array(way, { maxLength: 8 }), async (list) => {
        const files = {
          "modules/_help.ts": "export const help = (nixos) =>\n  nixos.base;\n",
          "modules/lent.ts": lent,
          "modules/a.ts": `import { help } from "./_help.ts";\n${machine(`[\n${list.map((text) => `${text},\n`).join("")}]`)}`,
        };
        const expected = list.map((text, index) => ways[text] ?? `modules/a.ts:${index + 5}`);
        assert.deepEqual(await places(files, "galena"), expected);
      }),
      { numRuns: 20 },
    );
  });

  it("is found for a module that throws after having named an entry", async () => {
    const files = {
      "modules/a.ts":
        "export default ({ config }) => {\n  const { base } = config.flake.modules.nixos;\n  return String(base);\n};\n",
    };
    using tree = fleetTree(files);
    assert.match(await failure(tree.evaluate()), /modules\/a\.ts:2/);
  });

  it("is another line with the entry, or the file, for a module that says something else each time", async () => {
    const unsteady = (again: string): string => `let runs = 0;
export default ({ config }) => {
  const { nixos } = config.flake.modules;
  const imports = runs++ === 0 ? [nixos.base] : [${again}];
  return { flake: { modules: { nixos: { galena: { imports }, other: {} } } } };
};
`;
    const other = { "modules/a.ts": unsteady("\n    nixos.other,\n    nixos.base,\n  ") };
    assert.deepEqual(await places(other, "galena"), ["modules/a.ts:6"]);
    assert.deepEqual(await places({ "modules/a.ts": unsteady("") }, "galena"), ["modules/a.ts"]);
  });
});
