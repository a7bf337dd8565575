// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Nix's interpolation, written in JavaScript strings
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { NixText, nix } from "../../../composition/body/nix-template.ts";
import { bodyArguments } from "../../../composition/body/symbol.ts";
import { TreePath } from "../../../composition/body/tree-path.ts";
import { EntryReference } from "../../../composition/entry-reference.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { NixTemplateError } from "../../../composition/nix-text/errors.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";
import { evaluateAll } from "./nix-process.ts";

const place: NixPlace = { root: "/fleet", folder: "/fleet/nix", modules: "inputs.self.modules", at: "modules/a.ts:1" };
const print = (value: unknown, indent = 0): string => printNix(value, place, indent);
const { config, pkgs, lib } = bodyArguments();

describe("a nix template", () => {
  it("keeps its indentation relative to its least indented line, at the place's own", () => {
    const value = {
      a: nix`
        { pkgs, ... }:
        {
          x = [
            1
          ];

          y = 2;
        }
      `,
    };
    assert.equal(print(value), "{\n  a = { pkgs, ... }:\n  {\n    x = [\n      1\n    ];\n\n    y = 2;\n  };\n}");
  });

  it("keeps Nix's own backslashes and interpolation", () => {
    assert.equal(print(nix`"a\n\t\"\${config.x}\" \\\${y} \`"`), '"a\\n\\t\\"${config.x}\\" \\${y} `"');
  });

  it("prints values as expressions, in parentheses where needed", () => {
    const reference = new EntryReference("nixos", "base", { file: "a.ts" });
    assert.equal(
      print(
        nix`f ${'a"b'} ${-1} ${[1, "x"]} ${{ a: 1 }} ${reference} ${lib.id(1)} ${config.a} ${nix`x: x`} ${new TreePath("/fleet/s.yaml", undefined)}`,
      ),
      'f "a\\"b" (-1) [ 1 "x" ] { a = 1; } inputs.self.modules.nixos.base (lib.id 1) config.a (x: x) ../s.yaml',
    );
  });

  it("prints values as names where names stand", () => {
    assert.equal(
      print(nix`{ ${"a"}.${"b c"} = 1; ${config.x} = 2; users.${"if"}.x = y.${config.name}.z; ${"k"}.d = ${"v"}; }`),
      '{ a."b c" = 1; ${config.x} = 2; users."if".x = y.${config.name}.z; k.d = "v"; }',
    );
    assert.equal(print(nix`${config.a} == ${1} && ${config.b}.c`), "config.a == 1 && config.b.c");
  });

  it("prints values as text inside of Nix strings", () => {
    assert.equal(
      print(nix`"${"plain text"}-${3}-${'a"b'}-${config.x}-${lib.getExe(pkgs.git)}"`),
      '"plain text-3-${"a\\"b"}-${config.x}-${(lib.getExe pkgs.git)}"',
    );
    assert.equal(print(nix`''${"x"} ${"two\nlines"}''`), "''x ${\"two\\nlines\"}''");
  });

  it("gives what follows it a line of its own after a comment", () => {
    assert.equal(print({ a: nix`1 # one` }), "{\n  a = 1 # one\n  ;\n}");
    assert.equal(print([nix`f 1 # one`]), "[\n  (\n    f 1 # one\n  )\n]");
  });

  const refused: readonly (readonly [string, NixText, string])[] = [
    ["an open string", nix`"a`, 'a string without its closing "'],
    ["an open indented string", nix`''a`, "a string without its closing ''"],
    ["an open comment", nix`/* a`, "a comment without its closing */"],
    ["an open bracket", nix`{ a = [ 1; }`, "} where ] was due"],
    ["a bracket too many", nix`{ } }`, "a } too many"],
    ["a bracket without its end", nix`f (g {`, "a bracket without its closing }"],
    ["nothing", nix` `, "nothing but blanks"],
    ["a value in a comment", nix`1 # ${"x"}`, "a value inside a comment"],
    ["a value in a path", nix`./x/${"y"}`, "a value as a part of a path"],
    ["a list in a string", nix`"${[1]}"`, "a list inside a Nix string"],
    ["true in a string", nix`"${true}"`, "true inside a Nix string"],
    ["a fraction in a string", nix`"${1.5}"`, "a number inside a Nix string"],
    ["an object as a name", nix`{ a.${{ b: 1 }} = 1; }`, "an object as an attribute's name"],
  ];
  for (const [title, text, problem] of refused) {
    it(`is refused with its line: ${title}`, () => {
      assert.throws(
        () => print(text),
        (error: unknown) => {
          assert.ok(error instanceof NixTemplateError);
          assert.equal(error.facts.summary, `a nix template cannot be printed: ${problem}`);
          assert.match(error.facts.at, /print-template\.test\.ts:\d+$/);
          return true;
        },
      );
    });
  }
});

describe("Nix's reading of a template", () => {
  const texts: readonly string[] = [
    "{\n  a = ''\n    x\n      y\n\n    z\n  '';\n}",
    "\n    let\n      t = ''\n          deep\n        less\n      '';\n    in\n    t",
    "''first\n    second\n  third''",
    '"one\n   two\n three"',
    "[ ''\n    a ${\"b\n  c\"} d\n   \n    e\n'' \"x\n  ${''\n    in\n      side\n  ''}\n y\" ]",
    "{ a' = 1; b'' = ''\n  it's ''${x} '''quoted''' $$ ''\\n\n''; }",
    "# a comment ' with \" quotes ''\n{ /* { \" */ a = \"# no\"; b = ''\n   # no\n  /* no\n''; }",
    "''\n\ttab\n\t  more\n''",
    "''  \n  trailing   \n    end''",
    '{ c = "$${x} \\${y} $"; d = "${"}"}"; e = { "}" = 1; }; }',
  ];

  it("is the same at every indentation", () => {
    const cases = texts.flatMap((text) => [0, 2, 7].map((indent) => ({ text, indent })));
    const printed = cases.map(({ text, indent }) => {
      const template = new NixText([text], [], undefined);
      return [print(template, indent), print({ a: [template] }, indent)];
    });
    const raw = evaluateAll(cases.map(({ text }) => `[ (${text}\n) { a = [ (${text}\n) ]; } ]`));
    assert.deepEqual(evaluateAll(printed.map(([alone, inside]) => `[ (${alone}\n) (${inside}) ]`)), raw);
  });

  it("gives back every string that was interpolated", () => {
    const parts = [
      "${x}",
      "''${x}",
      "$",
      "'",
      "''",
      '"',
      "\\",
      "\n",
      "\r",
      "\t",
      "  ",
      "{",
      "}",
      "🦊",
      "a",
      "b c",
      "#",
      "-",
      ".zt",
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((chosen) => chosen.join(""));
    const cases = fc.sample(text, { numRuns: 2000, seed: 3 });
    const templates = cases.map(
      (value) => nix`
      [
        ${value}
        "<${value}>"
        ''
          <${value}>
            ${value}.
        ''
        { ${value} = 1; }
        (builtins.attrNames { a.${value}.b = 1; }.a)
      ]
    `,
    );
    assert.deepEqual(
      evaluateAll(templates.map((template) => print(template, 4))),
      cases.map((value) => [value, `<${value}>`, `<${value}>\n  ${value}.\n`, { [value]: 1 }, [value]]),
    );
  });
});
