// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Nix's interpolation, written in JavaScript strings
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bodyArguments } from "../../../composition/body/symbol.ts";
import { EntryReference } from "../../../composition/entry-reference.ts";
import {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
} from "../../../composition/lib/property.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { NotNixDataError } from "../../../composition/nix-text/errors.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";
import { evaluateAll } from "./nix-process.ts";

const place: NixPlace = {
  root: "/fleet",
  folder: "/fleet/nix/entries/nixos",
  modules: "inputs.self.modules",
  at: "modules/a.ts:1",
};
const at = { file: "modules/a.ts", line: 1 };
const print = (value: unknown): string => printNix(value, place);

const hostile = fc.constantFrom(
  "${x}",
  "''${x}",
  "$${x}",
  "$",
  "$$",
  "'",
  "''",
  "'''",
  "''\\n",
  '"',
  "\\",
  "\\${",
  "\n",
  "\n\n",
  "\r",
  "\r\n",
  "\t",
  "  ",
  " ",
  "{",
  "}",
  "'$",
  "ünï",
  "🦊",
  "a",
  "b c",
  "# no comment",
  "/* no */",
  "//",
  "\u0001",
  "\u2028",
);
const text = fc.oneof(
  fc.array(hostile, { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) => !value.includes("\0")),
);
const name = fc.oneof(
  text,
  fc.constantFrom("if", "in", "or", "let", "rec", "a-b", "a'", "_x", "1a", "a.b", "users/crs58", "", "true"),
);
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => Math.abs(value) >= 2.3e-308 && !Number.isInteger(value)),
);
const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe("printed Nix data", () => {
  it("is read back by Nix as the same data", () => {
    const cases = fc.sample(data, { numRuns: 1500, seed: 20 });
    assert.deepEqual(evaluateAll(cases.map(print)), cases);
  });

  it("keeps every string, at any indentation", () => {
    const cases = fc.sample(fc.tuple(text, fc.integer({ min: 0, max: 8 })), { numRuns: 4000, seed: 58 });
    const printed = cases.map(([value, indent]) => `${" ".repeat(indent)}${printNix(value, place, indent)}`);
    assert.deepEqual(
      evaluateAll(printed),
      cases.map(([value]) => value),
    );
  });

  it("prints integers of 64 bits and floats that Nix can read", () => {
    const numbers = [2n ** 63n - 1n, -(2n ** 63n), 0.1, -1e-7, 1.5e300, 1e21, -0.5, 123456.789];
    assert.deepEqual(numbers.map(print), [
      "9223372036854775807",
      "-9223372036854775807 - 1",
      "0.1",
      "-1.0e-7",
      "1.5e300",
      "1.0e21",
      "-0.5",
      "123456.789",
    ]);
    assert.deepEqual(
      evaluateAll([
        `[ ${numbers
          .slice(2)
          .map((value) => `(${print(value)})`)
          .join(" ")} ]`,
      ]),
      [numbers.slice(2)],
    );
  });
});

describe("the layout of printed Nix", () => {
  const { config, pkgs, lib } = bodyArguments();

  it("collapses paths, keeps the author's order, and breaks what is long", () => {
    const value = {
      _file: "modules/a.ts",
      imports: [new EntryReference("nixos", "base", at), new EntryReference("homeManager", "users/crs58", at)],
      networking: { hostName: "galena", "a.b": { c: { d: 1, e: -2 } } },
      environment: { systemPackages: [pkgs.git, pkgs.hello.override({ x: true }), lib.mkIf(config.a.b, pkgs.x)] },
      services: { cron: lib.mkIf(config.services.cron.enable, { enable: true, jobs: ["a", "b"] }) },
      long: Array.from({ length: 9 }, (_, index) => `a-package-with-a-name-${index}`),
      empty: { set: {}, list: [], text: "" },
      users: [{ name: "a" }, { name: "b", uid: 3 }],
      script: "set -e\n  echo ${HOME} ''\n\necho 'done'\n",
      line: "one line\n",
      in: null,
    };
    assert.equal(
      print(value),
      `{
  _file = "modules/a.ts";
  imports = [ inputs.self.modules.nixos.base inputs.self.modules.homeManager."users/crs58" ];
  networking = {
    hostName = "galena";
    "a.b".c = {
      d = 1;
      e = -2;
    };
  };
  environment.systemPackages = [
    pkgs.git
    (pkgs.hello.override { x = true; })
    (lib.mkIf config.a.b pkgs.x)
  ];
  services.cron = lib.mkIf config.services.cron.enable {
    enable = true;
    jobs = [ "a" "b" ];
  };
  long = [
${value.long.map((name) => `    "${name}"\n`).join("")}  ];
  empty = {
    set = { };
    list = [ ];
    text = "";
  };
  users = [
    { name = "a"; }
    {
      name = "b";
      uid = 3;
    }
  ];
  script = ''
    set -e
      echo ''\${HOME} '''

    echo 'done'
  '';
  line = "one line\\n";
  "in" = null;
}`,
    );
  });

  it("prints the flake level's properties as nixpkgs' functions", () => {
    assert.equal(print(mkIf(true, { a: 1 })), "lib.mkIf true { a = 1; }");
    assert.equal(
      print(mkMerge([mkDefault(1), mkForce(2), mkOverride(75, 3)])),
      "lib.mkMerge [ (lib.mkDefault 1) (lib.mkForce 2) (lib.mkOverride 75 3) ]",
    );
    assert.equal(
      print([mkBefore([1]), mkAfter([2]), mkOrder(7, [-3])]),
      "[ (lib.mkBefore [ 1 ]) (lib.mkAfter [ 2 ]) (lib.mkOrder 7 [ (-3) ]) ]",
    );
  });

  it("prints references as the place finds entries", () => {
    const reference = new EntryReference("generic", "ssh-known-hosts", at);
    assert.equal(
      printNix(reference, { ...place, modules: "config.flake.modules" }),
      "config.flake.modules.generic.ssh-known-hosts",
    );
  });
});

describe("what Nix cannot hold", () => {
  const circle: Record<string, unknown> = {};
  circle["itself"] = [circle];
  const refused: readonly (readonly [string, unknown, string])[] = [
    ["NUL", { a: { b: ["x", "\0"] } }, "a.b[1]: text with a NUL character has no form in Nix"],
    ["half a character", { a: "\ud800" }, "a: half of a surrogate pair has no form in Nix"],
    ["NUL in a name", { "\0": 1 }, "the value: text with a NUL character has no form in Nix"],
    ["NaN", { a: Number.NaN }, "a: NaN has no form in Nix"],
    ["an infinity", { a: [Number.NEGATIVE_INFINITY] }, "a[0]: -Infinity has no form in Nix"],
    ["more than 64 bits", { a: 2n ** 63n }, "a: 9223372036854775808 has no form in Nix"],
    ["undefined", { a: { b: undefined } }, "a.b: undefined has no form in Nix"],
    ["a function", { a: () => 1 }, "a: a JavaScript function has no form in Nix"],
    ["a date", { a: new Date(0) }, "a: an instance of Date has no form in Nix"],
    ["a value in itself", { a: circle }, "a.itself[0]: a value that contains itself has no form in Nix"],
  ];
  for (const [title, value, summary] of refused) {
    it(`is refused with its path: ${title}`, () => {
      assert.throws(
        () => print(value),
        (error: unknown) => {
          assert.ok(error instanceof NotNixDataError);
          assert.equal(error.facts.summary, summary);
          assert.equal(error.facts.at, "modules/a.ts:1");
          return true;
        },
      );
    });
  }
});
