import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nix } from "../../../composition/body/nix-template.ts";
import { collectReferences } from "../../../composition/body/references.ts";
import { bodyArguments } from "../../../composition/body/symbol.ts";
import { EntryReference } from "../../../composition/entry-reference.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";
import { evaluateAll } from "./nix-process.ts";

const place: NixPlace = { root: "/fleet", folder: "/fleet/nix", modules: "inputs.self.modules", at: "modules/a.ts:1" };
const print = (value: unknown): string => printNix(value, place);
const { config, pkgs, lib } = bodyArguments();

/** What the symbols of these tests are in Nix. Source: nixpkgs, lib/lists.nix and lib/attrsets.nix. */
const world = `let
  lib = {
    optionals = on: list: if on then list else [ ];
    optionalAttrs = on: set: if on then set else { };
    map = builtins.map;
    mapAttrs = builtins.mapAttrs;
  };
  config = { on = true; off = false; list = [ "l" ]; set = { s = 1; }; };
in `;
const evaluated = (values: readonly unknown[]): readonly unknown[] =>
  evaluateAll(values.map((value) => world + print(value)));

describe("what only Nix knows, spread into what is written", () => {
  it("is put together by Nix's operators, in the order in which it is written", () => {
    assert.equal(
      print([pkgs.git, ...lib.optionals(config.on, [pkgs.jq])]),
      "[ pkgs.git ] ++ lib.optionals config.on [ pkgs.jq ]",
    );
    assert.equal(print({ a: [...config.list, 1, ...config.list] }), "{\n  a = config.list ++ [ 1 ] ++ config.list;\n}");
    assert.equal(print({ a: [...config.list], b: { ...config.set } }), "{\n  a = config.list;\n  b = config.set;\n}");
    assert.equal(print([[...config.list, 1]]), "[ (config.list ++ [ 1 ]) ]");
    assert.equal(print(lib.mkIf(config.on, [1, ...config.list])), "lib.mkIf config.on ([ 1 ] ++ config.list)");
    assert.equal(
      print({ x: { a: 1, ...lib.optionalAttrs(config.on, { b: 2 }), c: 3 } }),
      "{\n  x = {\n    a = 1;\n  }\n  // lib.optionalAttrs config.on { b = 2; }\n  // {\n    c = 3;\n  };\n}",
    );
    const long = Array.from({ length: 12 }, (_, index) => `package-number-${index}`);
    assert.equal(
      print({ a: [...long, ...lib.optionals(config.on, ["x"])] }),
      `{\n  a = [\n${long.map((name) => `    "${name}"\n`).join("")}  ]\n  ++ lib.optionals config.on [ "x" ];\n}`,
    );
  });

  it("is read by Nix as JavaScript would have it, if it knew", () => {
    interface Part {
      /** As it is written, and what it comes to. */
      readonly written: readonly unknown[];
      readonly value: readonly unknown[];
    }
    const leaf = fc.oneof(
      fc.integer(),
      fc.string({ unit: "grapheme", maxLength: 5 }).filter((one) => !one.includes("\0")),
    );
    const plain: fc.Arbitrary<Part> = fc.array(leaf, { maxLength: 3 }).map((value) => ({ written: value, value }));
    const spread: fc.Arbitrary<Part> = fc
      .tuple(fc.array(leaf, { maxLength: 2 }), fc.boolean())
      .map(([list, on]) => ({ written: [...lib.optionals(on ? config.on : config.off, list)], value: on ? list : [] }));
    const lists = fc.sample(fc.array(fc.oneof(plain, spread), { maxLength: 5 }), { numRuns: 400, seed: 11 });
    assert.deepEqual(
      evaluated(lists.map((parts) => ({ a: [[parts.flatMap(({ written }) => written)]] }))),
      lists.map((parts) => ({ a: [[parts.flatMap(({ value }) => value)]] })),
    );
  });

  it("lets the later of two attributes win, as JavaScript does", () => {
    const name = fc.constantFrom("a", "b", "c", "users/x", "if");
    const set = fc.dictionary(name, fc.integer(), { maxKeys: 3, noNullPrototype: true });
    const cases = fc.sample(fc.array(fc.tuple(set, fc.constantFrom("plain", "on", "off")), { maxLength: 5 }), {
      numRuns: 300,
      seed: 5,
    });
    const written = cases.map((parts) => {
      // JavaScript keeps an attribute at its first place: all but the first part are spread as symbols, as one would write it.
      const [first, ...others] = parts.map(([part, kind], index) =>
        kind === "plain" && index === 0
          ? part
          : { ...lib.optionalAttrs(kind === "off" ? config.off : config.on, part) },
      );
      return Object.assign({ ...first }, ...others);
    });
    const meant = cases.map((parts) => Object.assign({}, ...parts.map(([part, kind]) => (kind === "off" ? {} : part))));
    assert.deepEqual(
      evaluated(written.map((value) => [value])),
      meant.map((value) => [value]),
    );
  });

  it("loses no attribute, whatever its name means to JavaScript", () => {
    const set = { ...lib.optionalAttrs(config.on, { b: 2 }), a: 1, ["__proto__"]: 3, constructor: 4 };
    assert.equal(
      print({ x: set }),
      "{\n  x = lib.optionalAttrs config.on { b = 2; }\n  // {\n    a = 1;\n    __proto__ = 3;\n    constructor = 4;\n  };\n}",
    );
  });

  it("keeps the references in it, at the place where they are spread", () => {
    const entry = new EntryReference("nixos", "base", { file: "a.ts" });
    const home = new EntryReference("homeManager", "ai", { file: "a.ts" });
    const users = { ...lib.optionalAttrs(config.on, { tara: { imports: [home] } }) };
    const body = { imports: [...lib.optionals(true, [entry])], "home-manager": { users } };
    assert.deepEqual(
      collectReferences(body).map(({ reference, at }) => [reference.entry, at.join(".")]),
      [
        ["base", "imports"],
        ["ai", "home-manager.users.tara.imports"],
      ],
    );
  });

  it("takes functions in Nix where elements are to be changed", () => {
    const value = [...lib.map(nix`name: { inherit name; }`, [...config.list, "m"])];
    assert.deepEqual(evaluated([value, lib.mapAttrs(nix`name: value: [ name value ]`, { ...config.set, t: 2 })]), [
      [{ name: "l" }, { name: "m" }],
      { s: ["s", 1], t: ["t", 2] },
    ]);
  });

  it("is refused where it is no longer a spread, with its line", () => {
    const [element] = Array.from(config.list);
    const refused: readonly (readonly [unknown, RegExp])[] = [
      [{ a: element }, /an element of `config\.list` was used as a value[\s\S]*print-spread\.test\.ts:\d+/],
      [{ a: { "1": 1, ...config.set } }, /attribute "1" beside a spread set has no form in Nix/],
    ];
    for (const [value, message] of refused) assert.throws(() => print(value), message);
  });
});
