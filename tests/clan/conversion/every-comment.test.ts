import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { writeChanges } from "../../../clan/authoring/write-changes.ts";
import { readNixTokens } from "../../../clan/conversion/nix-tokens.ts";
import { planConversion } from "../../../clan/conversion/plan-conversion.ts";
import { type AuthoredFleet, readFleet } from "../../../clan/read-fleet.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

/** Files that define the entries a and b: data and code, one path and several, with and without something else. */
const modules = [
  "{ config, ... }: { flake.modules.nixos.a = { x = [ 1 2 ]; }; flake.modules.nixos.b = { pkgs, ... }: { z = pkgs.x; }; }",
  "{ flake = { modules.nixos = { a = { x = 1; }; b.c = 1; b.d = 2; }; other = 1; }; }",
  "{ config, ... }: let inherit (config.flake.modules) nixos; in { flake.modules.nixos.a.imports = [ nixos.b ]; flake.modules.nixos.b = rec { q = 1; w = q; }; }",
  "{ flake.modules.nixos.a.x = 1; flake.modules.nixos.b = { }; flake.modules.nixos.a.y = [ { a = 1; } ]; }",
];
const remark = fc.constantFrom("# R\n", "/* R */", " ", "\n", "\n\n", " # R\n", "\n  # R\n\n", "/* R\n   R */\n");

/** The module with a remark, or none, between any two tokens; every word of them is another one. */
function withRemarks(module: string, remarks: readonly string[]) {
  let words = 0;
  const { tokens } = readNixTokens(module, "x.nix");
  const parts = [...tokens, { text: "" }].map((token, index) => {
    const said = remarks[index % remarks.length] ?? "";
    return `${said.replaceAll("R", () => `word${words++}.`)} ${token.text}`;
  });
  return { text: parts.join(" "), words };
}

const entriesOf = ({ model }: AuthoredFleet): readonly string[] => Object.keys(model.namespaces["nixos"] ?? {}).sort();

describe("a file of which one export is moved", function () {
  this.timeout(120_000);

  it("loses no comment and no entry, wherever its comments stand", async () => {
    const remarks = fc.array(remark, { minLength: 3, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...modules), remarks, fc.constantFrom("a", "b"), async (module, said, name) => {
        const { text, words } = withRemarks(module, said);
        await using fleet = await temporaryFleet({ "modules/x.nix": text });
        const before = await readFleet(fleet.root);
        const request = { file: "modules/x.nix", export: `nixos/${name}` };
        const { changes } = await planConversion(before, request, AbortSignal.timeout(60_000));
        const texts = changes.map(({ path, after }) => `${path}:\n${after ?? "removed\n"}`).join("");
        for (let word = 0; word < words; word++)
          assert.equal(texts.split(`word${word}.`).length, 2, `word${word}. of\n${text}\nin\n${texts}`);
        await writeChanges(fleet.root, changes);
        const after = await readFleet(fleet.root);
        assert.deepEqual(entriesOf(after), entriesOf(before), texts);
        const moved = after.evaluation.namespaces.get("nixos")?.get(name) ?? [];
        assert.deepEqual(
          moved.map(({ language }) => language === "nix"),
          [false],
          texts,
        );
      }),
      { numRuns: 30 },
    );
  });
});
