// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Nix's interpolation, written in JavaScript strings
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nix } from "../../../composition/body/nix-template.ts";
import { bodyArguments } from "../../../composition/body/symbol.ts";
import { type NixString, text } from "../../../composition/body/text-template.ts";
import type { NixPlace } from "../../../composition/nix-text/cursor.ts";
import { NixTemplateError, NotNixDataError } from "../../../composition/nix-text/errors.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";
import { evaluateAll } from "./nix-process.ts";

const place: NixPlace = { root: "/fleet", folder: "/fleet/nix", modules: "inputs.self.modules", at: "modules/a.ts:1" };
const print = (value: unknown, indent = 0): string => printNix(value, place, indent);
const { config, pkgs, lib } = bodyArguments();

describe("a text template", () => {
  it("is a string with Nix's interpolations where symbols stand, and escapes everything else", () => {
    assert.equal(
      print(text`http://${config.networking.hostName}.zt:${8080}/${"a b"}`),
      '"http://${config.networking.hostName}.zt:8080/a b"',
    );
    assert.equal(
      print(text`say "hi" \${HOME} $${config.x} \\ ${lib.getExe(pkgs.git)}`),
      '"say \\"hi\\" \\${HOME} \\$${config.x} \\\\ ${(lib.getExe pkgs.git)}"',
    );
    assert.equal(print([text`a${config.x}`, text`b`]), '[ "a${config.x}" "b" ]');
    assert.equal(print(nix`f ${text`a${config.x}`} "${text`b${config.y}`}"`), 'f "a${config.x}" "${"b${config.y}"}"');
  });

  it("keeps its lines where they keep their meaning", () => {
    const script = text`#!/bin/sh
  exec ${lib.getExe(pkgs.hello)} "$1" '' \${HOME}
${config.x}

done
`;
    assert.equal(
      print({ a: script }),
      `{
  a = ''
    #!/bin/sh
      exec \${(lib.getExe pkgs.hello)} "$1" ''' ''\${HOME}
    \${config.x}

    done
  '';
}`,
    );
  });

  const hostile = [
    "${x}",
    "''${x}",
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
    "\r\n",
    "\t",
    "  ",
    "{",
    "}",
    "ünï",
    "🦊",
    "a",
    "#",
    "\u2028",
  ];

  it("gives back every text around every value, at any indentation", () => {
    const fragment = fc.array(fc.constantFrom(...hostile), { maxLength: 6 }).map((parts) => parts.join(""));
    // Values by name: fast-check looks into what it is given.
    const values = {
      plain: { value: config.plain, meaning: "p" },
      strange: { value: config.strange, meaning: "''${x}\n  \"q\"" },
      empty: { value: config.empty, meaning: "" },
      text: { value: "text ${y} ''", meaning: "text ${y} ''" },
      number: { value: 7, meaning: "7" },
      template: { value: nix`"n" + "m"`, meaning: "nm" },
    };
    const value = fc.constantFrom<(keyof typeof values)[]>("plain", "strange", "empty", "text", "number", "template");
    const cases = fc.sample(
      fc.tuple(fc.array(fc.tuple(fragment, value), { maxLength: 4 }), fragment, fc.integer({ min: 0, max: 8 })),
      { numRuns: 3000, seed: 41 },
    );
    const world = `let config = { plain = "p"; strange = "''\\\${x}\\n  \\"q\\""; empty = ""; }; in `;
    const printed = cases.map(([parts, last, indent]) => {
      const strings = Object.assign([...parts.map(([one]) => one), last], { raw: [] as string[] });
      const template: NixString = text(strings, ...parts.map(([, one]) => values[one].value));
      return `${world}\n${" ".repeat(indent)}${print(template, indent)}`;
    });
    assert.deepEqual(
      evaluateAll(printed),
      cases.map(([parts, last]) => parts.map(([one, put]) => one + values[put].meaning).join("") + last),
    );
  });

  const refused: readonly (readonly [string, NixString, string])[] = [
    ["a list", text`a ${[1]}`, "a text template cannot be printed: a list inside a string"],
    ["a fraction", text`a ${1.5}`, "a text template cannot be printed: a number inside a string"],
    ["a condition of the flake's", text`a ${true}`, "a text template cannot be printed: true inside a string"],
  ];
  for (const [title, template, summary] of refused) {
    it(`is refused with its line: ${title}`, () => {
      assert.throws(
        () => print(template),
        (error: unknown) => {
          assert.ok(error instanceof NixTemplateError);
          assert.equal(error.facts.summary, summary);
          assert.match(error.facts.at, /print-text\.test\.ts:\d+$/);
          return true;
        },
      );
    });
  }

  it("is refused with NUL in it", () => {
    assert.throws(() => print({ a: text`x${"\0"}${config.y}` }), NotNixDataError);
  });
});
