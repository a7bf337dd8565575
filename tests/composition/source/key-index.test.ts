import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { locateKey } from "../../../composition/source/key-index.ts";

const source = `import { flakeModule } from "pulumi-clan/author"; // flake: { modules: {} }
/* nixos: {
   base: {} } */
export default flakeModule(({ config, lib }) => {
  const { nixos, darwin } = config.flake.modules;
  start({ x: 1 });
  if (lib) { config(); }
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/galena": ({ pkgs }) => ({
            imports: [nixos.base],
            text: \`\${pkgs.hello} { "quoted": \${{ inner: 1 }.inner}
              spans lines }\`,
            after: 1,
          }),
          base: lib.mkIf(true, {
            'pattern': /[/{"]}/,
            ["literal"]: 1 / 2,
          }),
        },
        get darwin() {
          return { base: {} };
        },
        homeManager,
        method(argument: string): unknown {
          return { within: 1 };
        },
      },
    },
  };
});
`;

describe("finding the line of a key", () => {
  const galena = ["flake", "modules", "nixos", "machines/nixos/galena"];
  const found: readonly [string, readonly string[], number][] = [
    ["a plain key", ["flake", "modules"], 10],
    ["a key that names destructured elsewhere do not hide", ["flake", "modules", "nixos"], 11],
    ["a quoted key", galena, 12],
    ["a key inside a function's result", [...galena, "imports"], 13],
    ["a key after a template that spans lines", [...galena, "after"], 16],
    ["a key inside a call", ["flake", "modules", "nixos", "base", "pattern"], 19],
    ["a key after a regular expression, in brackets", ["flake", "modules", "nixos", "base", "literal"], 20],
    ["a getter", ["flake", "modules", "darwin"], 23],
    ["a key inside a getter", ["flake", "modules", "darwin", "base"], 24],
    ["a shorthand key", ["flake", "modules", "homeManager"], 26],
    ["a method", ["flake", "modules", "method"], 27],
    ["a key inside a method", ["flake", "modules", "method", "within"], 28],
    ["the nearest key above one that is not there", ["flake", "modules", "nixos", "missing"], 11],
  ];
  for (const [title, path, line] of found) {
    it(`finds ${title}`, () => assert.equal(locateKey(source, path), line));
  }

  it("finds nothing in comments, imports, parameters and destructuring", () => {
    for (const name of ["nixos", "darwin", "config", "flakeModule", "pkgs", "start"]) {
      assert.equal(locateKey(source, [name]), undefined);
    }
  });

  it("finds every key of data that is printed one to a line", () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
    const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => text !== "__proto__");
    const { tree } = fc.letrec((tie) => ({
      tree: fc.dictionary(name, fc.oneof({ maxDepth: 3 }, leaf, tie("tree")), { maxKeys: 4, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(tree, (data) => {
        const text = JSON.stringify(data, null, 1);
        for (const { path, line } of printedKeys(data, [], { line: 1 })) assert.equal(locateKey(text, path), line);
      }),
    );
  });

  it("ends on any text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."{}()[]`$\"'/\\,:;ab \n") }),
        (text) => void locateKey(text, ["a"]),
      ),
    );
  });
});

/** Where JSON.stringify with indentation puts each key. */
function printedKeys(
  data: unknown,
  path: readonly string[],
  at: { line: number },
): readonly { readonly path: readonly string[]; readonly line: number }[] {
  if (typeof data !== "object" || data === null || Object.keys(data).length === 0) return [];
  const found = Object.entries(data).flatMap(([key, value]) => {
    const line = ++at.line;
    return [{ path: [...path, key], line }, ...printedKeys(value, [...path, key], at)];
  });
  at.line++;
  return found;
}
