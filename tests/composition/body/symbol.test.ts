// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Nix's interpolation, written in JavaScript strings
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { NixSymbolMisuseError } from "../../../composition/body/errors.ts";
import { bodyArguments, isNixSymbol, type NixSymbol, symbol } from "../../../composition/body/symbol.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";

const place: NixPlace = { root: "/fleet", folder: "/fleet/nix", modules: "inputs.self.modules", at: "modules/a.ts:1" };
const print = (value: unknown): string => printNix(value, place);

/** The line of this file on which the call stands. */
function line(): number {
  return Number(/symbol\.test\.ts:(\d+)/.exec(new Error().stack?.split("\n")[2] ?? "")?.[1]);
}

describe("symbols in a body", () => {
  const { config, pkgs, lib, inputs } = bodyArguments();

  it("print the attribute path and the calls that were made on them", () => {
    assert.equal(print(config.services.openssh.ports), "config.services.openssh.ports");
    assert.equal(print(inputs["home-manager"].nixosModules.default), "inputs.home-manager.nixosModules.default");
    assert.equal(print(config.users["crs58@zt"].in), 'config.users."crs58@zt"."in"');
    assert.equal(print(lib.mkIf(config.a, { b: 1 })), "lib.mkIf config.a { b = 1; }");
    assert.equal(print(pkgs.hello.override({ x: true }).version), "(pkgs.hello.override { x = true; }).version");
    assert.equal(print([lib.getExe(pkgs.git)]), "[ (lib.getExe pkgs.git) ]");
    assert.equal(print(lib.foldl(lib.add)(0)([1, -2])), "lib.foldl lib.add 0 [ 1 (-2) ]");
  });

  it("are told apart from other values without touching them", () => {
    assert.equal(isNixSymbol(pkgs.hello), true);
    for (const value of [undefined, null, "pkgs", 1, {}, () => pkgs]) assert.equal(isNixSymbol(value), false);
  });

  const misuses: readonly (readonly [string, (value: NixSymbol) => unknown])[] = [
    ["in a JavaScript template string", (value) => `${value["a"]}`],
    ["with +", (value) => value["a"] + 1],
    ["with <", (value) => value["a"] < 3],
    // biome-ignore lint/suspicious/noDoubleEquals: the comparison that can be seen
    ["with ==", (value) => value["a"] == "x"],
    ["as a number", (value) => Number(value["a"])],
    ["by toString()", (value) => value["a"].toString()],
    ["as JSON", (value) => JSON.stringify(value["a"])],
    ["by an element of it", (value) => [...value["a"]].map((element) => element.name)],
    ["by an element of it as text", (value) => [...value["a"]].map((element) => `${element}`)],
    ["by its first element", (value) => ((([first]) => first) as (list: Iterable<unknown>) => unknown)(value["a"])],
    [
      "by an attribute of each of its values",
      (value) => Object.values<NixSymbol>({ ...value["a"] }).map((one) => one["name"]),
    ],
    ["asynchronously", (value) => value["a"][Symbol.asyncIterator]],
    ["with `in`", (value) => "b" in value["a"]],
    ["by assignment", (value) => Object.assign(value["a"], { b: 1 })],
    ["by deletion", (value) => Reflect.deleteProperty(value["a"], "b")],
    ["with a JavaScript function as an argument", (value) => value["map"]((x: unknown) => x)],
    ["called with nothing", (value) => value["a"]()],
    ["as a promise", (value) => value["a"].then],
  ];
  for (const [title, misuse] of misuses) {
    it(`are refused as JavaScript values: ${title}`, () => {
      assert.throws(() => misuse(symbol("config")), NixSymbolMisuseError);
    });
  }

  it("are refused with the line of the misuse and the way out", () => {
    const here = line() + 1;
    const misuse = (): unknown => `${config.networking.hostName}.zt`;
    assert.throws(misuse, (error: Error) => {
      assert.equal(
        error.message.replace(/at: {7}\S*symbol\.test/, "at:       symbol.test"),
        [
          "`config.networking.hostName` was converted or compared as a JavaScript value, but its value is known to Nix only",
          "  expected: an attribute path, a call, or a place in a body's data",
          "  found:    config.networking.hostName as a JavaScript value",
          `  at:       symbol.test.ts:${here}`,
          "  fix:      write text as text`… ${config.networking.hostName} …`, anything else as a nix template; or use lib.mkIf, lib.optionals, lib.optionalString",
        ].join("\n"),
      );
      return true;
    });
  });
});
