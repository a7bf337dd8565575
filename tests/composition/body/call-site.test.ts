import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { collectReferences } from "../../../composition/body/references.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { fleetTree } from "../fleet-tree.ts";

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
});
