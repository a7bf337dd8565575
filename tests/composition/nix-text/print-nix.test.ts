import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nix } from "../../../composition/body/nix-template.ts";
import { symbol } from "../../../composition/body/symbol.ts";
import { TreePath } from "../../../composition/body/tree-path.ts";
import { EntryReference } from "../../../composition/entry-reference.ts";
import { mkDefault, mkForce, mkIf, mkMerge, mkOrder } from "../../../composition/lib/property.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";
import { evaluateAll } from "./nix-process.ts";

const place: NixPlace = {
  root: "/fleet",
  folder: "/fleet/nix/entries/nixos",
  modules: "inputs.self.modules",
  at: "modules/a.ts:1",
};
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
