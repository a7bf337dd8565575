// biome-ignore-all lint/suspicious/noTemplateCurlyInString: JavaScript source, written in JavaScript strings
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { blankText } from "../../../composition/body/blank-text.ts";
import { refuseBranches } from "../../../composition/body/branch-check.ts";
import { NixSymbolMisuseError } from "../../../composition/body/errors.ts";
import { nix } from "../../../composition/body/nix-template.ts";
import type { BodyArguments } from "../../../composition/body/symbol.ts";

const defined = { definedAt: { file: "modules/nixos/base.ts", line: 5 } };

/** What is refused in the body's text; undefined: nothing. */
function found(body: (args: BodyArguments) => unknown): string | undefined {
  try {
    refuseBranches(body, defined);
    return undefined;
  } catch (error) {
    if (error instanceof NixSymbolMisuseError) return error.facts.found;
    throw error;
  }
}

describe("a body that branches on a symbol", () => {
  const refused: readonly (readonly [string, (args: BodyArguments) => unknown])[] = [
    [
      "if (config.services.openssh.enable)",
      ({ config }) => {
        if (config.services.openssh.enable) return {};
        return { a: 1 };
      },
    ],
    ["pkgs.stdenv.isDarwin ?", ({ pkgs }) => ({ a: pkgs.stdenv.isDarwin ? 1 : 2 })],
    ["config.a &&", ({ lib, config }) => ({ a: lib.mkForce(config.a && 1) })],
    ["config.a ||", ({ config }) => ({ a: config.a || 1 })],
    ["config.a ??", ({ config }) => ({ a: config.a ?? 1 })],
    ["! osConfig.a", ({ osConfig }) => ({ a: [!osConfig.a] })],
    ["config.users[ ].name ===", ({ config }) => ({ a: config.users["x"].name === "x" })],
    ["=== lib.trivial.release", ({ lib }) => ({ a: "25.05" === lib.trivial.release })],
    ["lib.elem( , config.list) ?", ({ lib, config }) => ({ a: lib.elem("a", config.list) ? 1 : 2 })],
    ["config.a ?", ({ config }) => nix`{ a = ${config.a ? 1 : 2}; }`],
    [
      "of config.users",
      ({ config }) => {
        const names: unknown[] = [];
        for (const user of config.users) names.push(user);
        return { names };
      },
    ],
    [
      "const [ , second] = config.list",
      ({ config }) => {
        const [, second] = config.list;
        return { second };
      },
    ],
    ["[1, ...config.list].length", ({ config }) => ({ a: [1, ...config.list].length })],
    ["[...lib.optionals(config.a, [1])][0]", ({ lib, config }) => ({ a: [...lib.optionals(config.a, [1])][0] })],
  ];
  for (const [text, body] of refused) {
    it(`is refused: ${text}`, () => {
      const squeeze = (value: string | undefined): string | undefined => value?.replace(/\s+/g, "");
      assert.equal(squeeze(found(body)), squeeze(text));
    });
  }

  it("says what and where, and what to write instead", () => {
    assert.throws(
      () => refuseBranches(({ config }: BodyArguments) => (config.a ? {} : { a: 1 }), defined),
      (error: Error) => {
        assert.equal(
          error.message,
          [
            "a body decides in JavaScript what only Nix knows: `config.a ?`",
            "  expected: decisions on data of the flake's level, or in Nix",
            "  found:    config.a ?",
            "  at:       modules/nixos/base.ts:5",
            "  fix:      use lib.mkIf, lib.optionals or lib.optionalString of the body's arguments, or write this part as a nix template",
          ].join("\n"),
        );
        return true;
      },
    );
  });

  const config = { enabled: true, list: ["a"] };
  const accepted: readonly (readonly [string, (args: BodyArguments) => unknown])[] = [
    ["the flake's config under the same name", ({ pkgs }) => ({ a: config.enabled ? pkgs.a : pkgs.b })],
    ["data", ({ pkgs }) => config.list.map((name) => (name === "a" && config.enabled ? pkgs[name] : name))],
    ["the condition in Nix", ({ lib, config: machine, pkgs }) => ({ a: lib.mkIf(machine.a, pkgs.b) })],
    ["text that looks like code", ({ lib }) => ({ a: "config.a ? lib.x && y : !lib.z", b: lib.c })],
    ["a comment that looks like code", ({ lib }) => ({ a: lib.c /* if (lib.x) lib.y ? 1 : 2 */ })],
    ["Nix that looks like code", ({ lib }) => nix`{ a = lib.x && !lib.y; b = ${lib.z}; }`],
    ["attributes of the same names", ({ lib }) => ({ config: { lib: !config.enabled }, a: lib.x })],
  ];
  for (const [title, body] of accepted) it(`is not ${title}`, () => assert.equal(found(body), undefined));
});

describe("source without text", () => {
  it("keeps its length, its lines, and the code in template strings", () => {
    const source = "a('x\\'y', \"z\") // c\n/* d\n*/ `e ${f(`g ${{ h: 1 }.h} i`)} j\\`` + k";
    const blank = blankText(source);
    assert.equal(blank.length, source.length);
    assert.equal(blank.replace(/ +/g, " "), "a( , ) \n \n f( { h: 1 }.h ) + k");
  });
});
