import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { lockFlake } from "../../local-nix/lock.ts";
import { evaluateMachines } from "../../local-nix/machine-evaluation.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import { fleetFiles, machines, silent, soon } from "./support/fixtures.ts";
import { countingNix, TemporaryFolder, withPath } from "./support/temporary-folder.ts";

const lockSchema = z.object({
  nodes: z.record(z.string(), z.object({ locked: z.object({ narHash: z.string() }).optional() })),
});

describe("lock of the flake", () => {
  it("is written beside flake.nix, without git and without ignored files, and lets the machines evaluate", async () => {
    await using input = await TemporaryFolder.make();
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await input.write({ "flake.nix": "{ outputs = _: { }; }\n" });
    const files = fleetFiles();
    const flake = (files["flake.nix"] ?? "").replace(
      "outputs = { self }",
      `inputs.near.url = "path:${input.path}";\n  outputs = { self, near }`,
    );
    await fleet.write({ ...files, "flake.nix": flake, ".gitignore": "big\n", big: "not copied" });
    await fleet.git("init", "-q");
    const result = await lockFlake(fleet.path, silent, soon(), cache.path);
    assert.deepEqual(result, { file: join(fleet.path, "flake.lock"), changed: true });
    const lock = lockSchema.parse(JSON.parse(await readFile(result.file, "utf8")));
    assert.match(lock.nodes["near"]?.locked?.narHash ?? "", /^sha256-/);
    assert.deepEqual(await readdir(join(cache.path, "trees/staging")), []);
    assert.deepEqual(await lockFlake(fleet.path, silent, soon(), cache.path), { ...result, changed: false });
    const tree = await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    const evaluated = await evaluateMachines(machines, { tree, cacheDir: cache.path }, silent, soon());
    for (const each of evaluated.values()) assert.equal(each.status, "fulfilled", JSON.stringify(each));
  });

  it("is not needed by a flake without inputs", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write(fleetFiles());
    const result = await lockFlake(fleet.path, silent, soon(), cache.path);
    assert.deepEqual(result, { file: join(fleet.path, "flake.lock"), changed: false });
  });

  it("is refused where an input's host cannot be reached, and nothing is written", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await using shim = await TemporaryFolder.make();
    await fleet.write({ "flake.nix": `{ inputs.far.url = "https://far.invalid/x.tar.gz"; outputs = _: { }; }\n` });
    // Retries with pauses are Nix's; one attempt shows the same.
    const { path } = await countingNix(shim, "--option download-attempts 1");
    await assert.rejects(
      withPath(path, () => lockFlake(fleet.path, silent, soon(), cache.path)),
      (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error);
        assert.equal(error.code, "FLEET_FLAKE_LOCK");
        assert.match(error.message, /the input https:\/\/far\.invalid\/x\.tar\.gz cannot be reached from here/);
        assert.match(error.message, /fix: {6}run `fleet lock` where the host can be reached and commit flake\.lock/);
        return true;
      },
    );
    assert.deepEqual(await readdir(fleet.path), ["flake.nix"]);
  });

  it("is refused without flake.nix", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({ "x.ts": "" });
    await assert.rejects(lockFlake(fleet.path, silent, soon(), cache.path), {
      code: "FLEET_FLAKE_LOCK",
      message: /there is no flake\.nix to lock[\s\S]*fleet emit$/,
    });
  });
});
