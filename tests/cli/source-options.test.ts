import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { z } from "zod";
import { fleetModelSchema } from "../../clan/fleet-model.ts";
import { joinPairs } from "../../cli/source-options.ts";
import { FixtureFlake } from "../clan/flake/support/fixture-flake.ts";

const fleetCli = resolve(import.meta.dirname, "../../cli/fleet.ts");
const failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

/** Runs the command as a user does. */
async function fleet(args: readonly string[], cwd: string, cacheDir: string) {
  const env = { ...process.env, PULUMI_CLAN_CACHE: cacheDir };
  const run = promisify(execFile)(process.execPath, [fleetCli, ...args], { cwd, env, timeout: 60_000 });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => failed.parse(error),
  );
}

describe("options with two values", () => {
  it("are handed over as one, wherever they stand; what follows -- is left alone", () => {
    assert.deepEqual(joinPairs(["--override-input", "a", "b c", "show", "--nix-option", "x", "1"]), [
      '--override-input=["a","b c"]',
      "show",
      '--nix-option=["x","1"]',
    ]);
    assert.deepEqual(joinPairs(["ssh", "m", "--", "--nix-option", "x", "1"]), [
      "ssh",
      "m",
      "--",
      "--nix-option",
      "x",
      "1",
    ]);
  });
});

describe("a setting of Nix that is a secret", () => {
  it("is wrong usage, and not repeated", async () => {
    await using flake = await FixtureFlake.make(undefined, {});
    const args = ["--flake", ".", "--nix-option", "access-tokens", "github.com=ghp_secret", "show"];
    const { code, stderr } = await fleet(args, flake.path, flake.cacheDir);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--nix-option access-tokens: expected no secret, .* nix\.conf/);
    assert.doesNotMatch(stderr, /ghp_/);
  });
});

describe("fleet --flake", () => {
  const files = {
    "flake.nix": `{
  inputs.stone.url = "github:example/stone";
  outputs = { stone, ... }: { nixosConfigurations.\${stone.name}.config = { }; };
}
`,
    "stone/flake.nix": '{ outputs = _: { name = "basalt"; }; }',
  };

  it("shows an existing flake, its inputs overridden, from its own folder or by its path", async () => {
    await using flake = await FixtureFlake.make(undefined, files);
    const override = ["--override-input", "stone", `path:${flake.path}/stone`];
    for (const args of [
      ["--flake", ".", ...override, "show", "--json"],
      ["show", "--flake", flake.path, "--json", ...override],
    ]) {
      const shown = await fleet(args, flake.path, flake.cacheDir);
      assert.equal(shown.code, 0, shown.stderr);
      const { machines } = fleetModelSchema.parse(JSON.parse(shown.stdout));
      assert.deepEqual(Object.keys(machines), ["basalt"]);
    }
  });

  it("is the flake that the project's stacks name, where the command line says nothing", async () => {
    await using flake = await FixtureFlake.make(undefined, { ...files, "Pulumi.yaml": "name: lab\nruntime: nodejs\n" });
    const stack = `config:
  pulumi-clan:flake: "."
  pulumi-clan:overrideInputs: { stone: "path:${flake.path}/stone" }
`;
    await flake.folder.write({ "Pulumi.core.yaml": stack, "Pulumi.edge.yaml": stack });
    const answers = [
      [["show", "--json"], /"basalt"/],
      [["graph"], /"basalt"/],
      [["check", "--no-evaluate"], /^0 errors, /m],
      [["vars", "check", "--no-evaluate"], /^0 errors, /m],
    ] as const;
    for (const [args, expected] of answers) {
      const { code, stdout, stderr } = await fleet(args, flake.path, flake.cacheDir);
      assert.equal(code, 0, stderr);
      assert.match(stdout, expected);
    }
    const { code, stderr } = await fleet(["vars", "generate"], flake.path, flake.cacheDir);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /: \. is adopted and never written to: run `clan vars generate` there$/m);
  });

  it("exits 1 with the command that would write a missing lock, and writes none itself", async () => {
    await using flake = await FixtureFlake.make(undefined, files);
    const { code, stderr } = await fleet(["--flake", ".", "show"], flake.path, flake.cacheDir);
    assert.equal(code, 1);
    assert.match(stderr, /the flake has no flake\.lock[\s\S]*fix: {6}nix flake lock \./);
  });

  it("exits 2 where an option has one value, stands without --flake, or the command writes into the fleet", async () => {
    await using flake = await FixtureFlake.make(undefined, files);
    const refusals = [
      [["--flake", ".", "show", "--override-input", "stone"], /expected two values: a name and what it is/],
      [["show", "--impure", "--nix-option", "cores", "1"], /--nix-option, --impure: only with --flake/],
      [["--flake", ".", "emit"], /emit works on fleet\.ts; an adopted flake is never written to/],
      [["--flake", ".", "lock"], /lock works on fleet\.ts/],
      [["--flake", ".", "vars", "generate", "basalt"], /never written to: run `clan vars generate basalt` there/],
    ] as const;
    for (const [args, message] of refusals) {
      const { code, stderr } = await fleet(args, flake.path, flake.cacheDir);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
