import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { lambdaAt, namesUsed } from "../../../clan/conversion/nix-lambda.ts";
import { readNixTokens } from "../../../clan/conversion/nix-tokens.ts";

function used(text: string, ...outer: readonly string[]): readonly string[] {
  const { tokens } = readNixTokens(text, "a.nix");
  const all = namesUsed(tokens, { from: 0, to: tokens.length });
  return outer.filter((name) => all.has(name));
}

describe("a function of Nix", () => {
  it("binds its arguments, and a name for all of them", () => {
    const names = (text: string) => lambdaAt(readNixTokens(text, "a.nix").tokens, 0)?.names;
    assert.deepEqual(names("{ a, b ? { c = 1; }, ... }: 1"), ["a", "b"]);
    assert.deepEqual(names("{ a }@all: 1"), ["a", "all"]);
    assert.deepEqual(names("all@{ a, }: 1"), ["all", "a"]);
    assert.deepEqual(names("all: 1"), ["all"]);
    for (const text of ["{ a = 1; }", "{ inherit a; }", "{ }", "a.b", "a b: 1"])
      assert.equal(names(text), undefined, text);
  });
});

describe("the names that an expression uses", () => {
  it("are those that nothing in it binds, wherever they stand", () => {
    for (const text of [
      "lib.id 1",
      "{ a = lib; }",
      "{ inherit lib; }",
      "{ inherit (lib) a; }",
      `"\${lib.a}"`,
      `''\${toString { a = lib; }}''`,
      `{ a.\${lib.b} = 1; }`,
      `{ \${lib} = 1; }`,
      "with lib; a",
      "{ pkgs ? lib.a }: 1",
      "[ (x: lib) ]",
      "(lib: 1) lib",
      "if (lib: lib) 1 then lib else 2",
      "{ a = { lib, ... }: lib; b = lib; }",
      "lib == 1",
      "a.b or lib",
    ])
      assert.deepEqual(used(text, "lib"), ["lib"], text);
  });

  it("are not attributes, and not what a function binds as far as it reaches", () => {
    for (const text of [
      "{ lib = 1; lib.a = 2; }",
      "a.lib",
      "a.lib.b",
      "{ lib, ... }: lib.id (x: lib)",
      "lib: with lib; a",
      "{ a = { lib, ... }@all: { b = lib; }; }",
      "{ a ? lib.b, lib }: a",
      "# lib\n1",
      '"lib"',
      "./lib/a",
    ])
      assert.deepEqual(used(text, "lib"), [], text);
  });
});
