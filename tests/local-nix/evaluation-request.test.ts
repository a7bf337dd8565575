import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { evaluationArgs, isPure, nixString, toplevelAttribute } from "../../local-nix/evaluation-request.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { soon } from "./support/fixtures.ts";

const tree = { root: "/fleet", path: "/nix/store/aaa-source", narHash: "sha256-a+b/c=" };

describe("an evaluation's command", () => {
  it("names the toplevel as clan builds it, in the locked tree, and never writes a lock", () => {
    const args = evaluationArgs(
      { machine: "galena", class: "nixos" },
      { tree, overrideInputs: { nixpkgs: "path:/n" }, nixOptions: { cores: "2" } },
    );
    assert.deepEqual(args, [
      "eval",
      "--json",
      "--show-trace",
      'path:/nix/store/aaa-source?narHash=sha256-a%2Bb%2Fc%3D#.nixosConfigurations."galena".config.system.build.toplevel',
      "--no-update-lock-file",
      "--override-input",
      "nixpkgs",
      "path:/n",
      "--apply",
      "t: { drv = builtins.unsafeDiscardStringContext t.drvPath; out = builtins.unsafeDiscardStringContext t.outPath; inherit (t) system; }",
      "--option",
      "eval-cache",
      "false",
      "--option",
      "cores",
      "2",
    ]);
    assert.equal(
      toplevelAttribute({ machine: "stib", class: "darwin" }),
      'darwinConfigurations."stib".config.system.build.toplevel',
    );
  });

  it("quotes any text so that Nix reads the same text", async () => {
    const samples = fc.sample(
      fc.string({ unit: fc.constantFrom("a", '"', "\\", "$", "{", "}", "\n", "\r", "\t", "'", "ü", "%") }),
      200,
    );
    const list = `[ ${samples.map(nixString).join(" ")} ]`;
    const answer: unknown = JSON.parse(
      await runNix(["eval", "--json", "--file", "-"], { signal: soon(), stdin: list }),
    );
    assert.deepEqual(answer, samples);
  });

  it("may be answered from the cache only if everything it reads is locked", () => {
    const pure = (overrides: Record<string, string>): boolean => isPure({ tree, overrideInputs: overrides });
    assert.equal(isPure({ tree }), true);
    assert.equal(pure({ a: "path:/x" }), false);
    assert.equal(pure({ a: "github:o/r" }), false);
    assert.equal(pure({ a: "github:o/r/main" }), false);
    assert.equal(pure({ a: `github:o/r/${"a".repeat(40)}` }), true);
    assert.equal(pure({ a: "path:/x?narHash=sha256-abc" }), true);
    assert.equal(isPure({ tree, nixOptions: { "pure-eval": "false" } }), false);
  });
});
