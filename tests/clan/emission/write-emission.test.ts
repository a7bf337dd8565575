import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { EmissionConflictError } from "../../../clan/emission/errors.ts";
import { checkEmission, writeEmission } from "../../../clan/emission/write-emission.ts";
import { printHeader } from "../../../composition/emission/generated-file.ts";
import { temporaryFolder } from "../../composition/nix-text/nix-process.ts";

const generated = (text: string): string => `${printHeader("fleet.ts")}${text}\n`;
const emission = new Map([
  ["flake.nix", generated("{ }")],
  ["nix/entries.nix", generated("{ a = 1; }")],
  ["nix/entries/nixos/base/users.nix", generated("{ b = 1; }")],
]);

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("writing an emission", () => {
  it("writes what is missing, then leaves it alone", async () => {
    using folder = temporaryFolder();
    const paths = [...emission.keys()].sort();
    assert.deepEqual(await writeEmission(folder.path, emission), { written: paths, removed: [], unchanged: [] });
    const { mtimeMs } = statSync(join(folder.path, "flake.nix"));
    assert.deepEqual(await writeEmission(folder.path, emission), { written: [], removed: [], unchanged: paths });
    assert.equal(statSync(join(folder.path, "flake.nix")).mtimeMs, mtimeMs);
    assert.deepEqual(readdirSync(folder.path).sort(), ["flake.nix", "nix"]);
  });

  it("replaces what is stale, removes what is no longer emitted with its folders, and keeps what is not ours", async () => {
    using folder = temporaryFolder();
    await writeEmission(folder.path, emission);
    put(folder.path, "nix/entries.nix", generated("{ a = 0; }"));
    put(folder.path, "nix/entries/nixos/gone/old/x.nix", generated("{ }"));
    put(folder.path, "nix/entries/nixos/kept/x.nix", generated("{ }"));
    put(folder.path, "nix/entries/nixos/kept/README.md", generated("by hand"));
    put(folder.path, "nix/mine.nix", "{ }\n");
    assert.deepEqual(await checkEmission(folder.path, emission), [
      { path: "nix/entries.nix", reason: "stale" },
      { path: "nix/entries/nixos/gone/old/x.nix", reason: "superfluous" },
      { path: "nix/entries/nixos/kept/x.nix", reason: "superfluous" },
    ]);
    assert.deepEqual(await writeEmission(folder.path, emission), {
      written: ["nix/entries.nix"],
      removed: ["nix/entries/nixos/gone/old/x.nix", "nix/entries/nixos/kept/x.nix"],
      unchanged: ["flake.nix", "nix/entries/nixos/base/users.nix"],
    });
    assert.deepEqual(readdirSync(join(folder.path, "nix/entries/nixos")).sort(), ["base", "kept"]);
    assert.equal(readFileSync(join(folder.path, "nix/mine.nix"), "utf8"), "{ }\n");
    assert.deepEqual(await checkEmission(folder.path, emission), []);
  });

  it("says what is missing", async () => {
    using folder = temporaryFolder();
    await writeEmission(folder.path, emission);
    rmSync(join(folder.path, "flake.nix"));
    assert.deepEqual(await checkEmission(folder.path, emission), [{ path: "flake.nix", reason: "missing" }]);
  });

  it("never replaces a file that somebody else wrote, and writes nothing then", async () => {
    using folder = temporaryFolder();
    put(folder.path, "flake.nix", "{ outputs = _: { }; }\n");
    await assert.rejects(writeEmission(folder.path, emission), EmissionConflictError);
    assert.deepEqual(readdirSync(folder.path), ["flake.nix"]);
    assert.equal(readFileSync(join(folder.path, "flake.nix"), "utf8"), "{ outputs = _: { }; }\n");
  });
});
