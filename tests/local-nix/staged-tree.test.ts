import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { SourceTreeError } from "../../local-nix/errors.ts";
import { parseListing } from "../../local-nix/listed-files.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import { recorder, silent, soon } from "./support/fixtures.ts";
import { countingNix, TemporaryFolder, withPath } from "./support/temporary-folder.ts";

const metadataSchema = z.object({ path: z.string(), locked: z.object({ narHash: z.string() }) });

async function flakeMetadata(root: string): Promise<{ path: string; narHash: string }> {
  const text = await runNix(["flake", "metadata", "--json", `git+file:${root}`], { signal: soon() });
  const { path, locked } = metadataSchema.parse(JSON.parse(text));
  return { path, narHash: locked.narHash };
}

describe("staged tree", () => {
  it("has path and narHash of the same tree committed, with links, executables and odd names", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({
      "flake.nix": "{ outputs = _: { }; }\n",
      "modules/a b/ü.ts": "export default {};\n",
      "modules/it's $HOME.ts": "",
      ".gitignore": "ignored\n/build/\n",
      ignored: "not part of it",
      "build/x": "not part of it",
    });
    await fleet.executable("scripts/run", "#!/bin/sh\n");
    await symlink("../flake.nix", join(fleet.path, "modules/link"));
    await symlink("/nowhere/at all", join(fleet.path, "dangling"));
    await mkdir(join(fleet.path, "empty"));
    await fleet.git("init", "-q");
    await fleet.git("add", "flake.nix", ".gitignore");
    const staged = await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    await fleet.git("add", "--all");
    await fleet.git("commit", "-q", "-m", "all");
    const committed = await flakeMetadata(fleet.path);
    assert.deepEqual({ path: staged.path, narHash: staged.narHash }, committed);
    assert.equal(staged.path, staged.storePath);
    assert.equal(await readlink(join(staged.path, "dangling")), "/nowhere/at all");
    assert.notEqual((await lstat(join(staged.path, "scripts/run"))).mode & 0o111, 0);
  });

  it("leaves out what was deleted but is still in the index, and takes what was never added", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({ "flake.nix": "{ outputs = _: { }; }\n", "old.ts": "1", "folder/x.ts": "2" });
    await fleet.git("init", "-q");
    await fleet.git("add", "--all");
    await rm(join(fleet.path, "old.ts"));
    await rm(join(fleet.path, "folder"), { recursive: true });
    await fleet.write({ folder: "now a file", "new.ts": "3" });
    const { path } = await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    assert.deepEqual((await readdir(path)).sort(), ["flake.nix", "folder", "new.ts"]);
  });

  it("is made with no process of Nix when nothing changed, and made anew after any change", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await using shim = await TemporaryFolder.make();
    await fleet.write({ "a.ts": "1" });
    await fleet.git("init", "-q");
    const { path, calls } = await countingNix(shim);
    const options = { cacheDir: cache.path };
    const stage = () => withPath(path, () => stageTree(fleet.path, options, silent, soon()));
    const first = await stage();
    // Just written: the file could change again within one tick of the clock, so the record is not trusted yet.
    await pretendStagedLater(cache.path);
    await calls();
    assert.deepEqual(await stage(), first);
    assert.deepEqual(await calls(), []);
    await writeFile(join(fleet.path, "a.ts"), "2");
    const second = await stage();
    assert.notEqual(second.narHash, first.narHash);
    // The same size and modification time do not hide a change.
    await writeFile(join(fleet.path, "a.ts"), "3");
    await utimes(join(fleet.path, "a.ts"), 1, 1);
    const third = await stage();
    assert.notEqual(third.narHash, second.narHash);
    await chmod(join(fleet.path, "a.ts"), 0o755);
    assert.notEqual((await stage()).narHash, third.narHash);
  });

  it("is made anew when its root in the store is gone or the record is damaged", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({ "a.ts": "1" });
    const first = await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    await pretendStagedLater(cache.path);
    await rm(join(cache.path, "trees/roots"), { recursive: true });
    assert.deepEqual(await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon()), first);
    assert.equal((await readdir(join(cache.path, "trees/roots"))).length, 1);
    for (const name of await readdir(join(cache.path, "trees/records"))) {
      await writeFile(join(cache.path, "trees/records", name), '{"schema":1,"storePath":"/etc"');
    }
    assert.deepEqual(await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon()), first);
  });

  it("is the same for runs at the same time, which leave no copy behind", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write(
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`d${index % 7}/${index}`, `${index}`])),
    );
    const run = () => stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    const [first, ...others] = await Promise.all([run(), run(), run(), run()]);
    for (const other of others) assert.deepEqual(other, first);
    assert.deepEqual(await readdir(join(cache.path, "trees/staging")), []);
  });

  it("takes overlaid files instead of those of the working tree, which stays as it is", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await using outside = await TemporaryFolder.make();
    await fleet.write({ "nix/fleet.nix": "old", "a.ts": "1" });
    await symlink(outside.path, join(fleet.path, "nix/entries"));
    const overlay = new Map([
      ["nix/fleet.nix", "new"],
      ["nix/entries/nixos/base.nix", "{ }"],
    ]);
    const plain = await stageTree(fleet.path, { cacheDir: cache.path }, silent, soon());
    const laid = await stageTree(fleet.path, { cacheDir: cache.path, overlay }, silent, soon());
    assert.notEqual(laid.narHash, plain.narHash);
    assert.equal(await readFile(join(laid.path, "nix/fleet.nix"), "utf8"), "new");
    assert.equal(await readFile(join(laid.path, "nix/entries/nixos/base.nix"), "utf8"), "{ }");
    assert.equal(await readFile(join(fleet.path, "nix/fleet.nix"), "utf8"), "old");
    assert.deepEqual(await readdir(outside.path), []);
  });

  it("applies .gitignore outside a repository too, and says so", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({ "a.ts": "1", ".gitignore": "node_modules/\n", "node_modules/x": "" });
    const { events, report } = recorder();
    const { path } = await stageTree(fleet.path, { cacheDir: cache.path }, report, soon());
    assert.deepEqual((await readdir(path)).sort(), [".gitignore", "a.ts"]);
    assert.equal(
      events[0]?.message,
      `${fleet.path} is in no git repository: every file that no .gitignore names is taken`,
    );
  });

  it("warns of repositories inside it, whose files a flake does not have either", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await fleet.write({ "a.ts": "1", "vendor/x.ts": "2" });
    await fleet.git("init", "-q");
    await fleet.git("-C", "vendor", "init", "-q");
    await fleet.git("-C", "vendor", "add", "x.ts");
    await fleet.git("-C", "vendor", "commit", "-q", "-m", "x");
    const { events, report } = recorder();
    const { path } = await stageTree(fleet.path, { cacheDir: cache.path }, report, soon());
    assert.deepEqual(await readdir(path), ["a.ts"]);
    assert.equal(events[0]?.message, "vendor is a repository of its own: its files are not in the source tree");
  });

  it("is refused for a folder that is not there", async () => {
    await using cache = await TemporaryFolder.make();
    const root = join(cache.path, "nowhere");
    await assert.rejects(stageTree(root, { cacheDir: cache.path }, silent, soon()), (error: unknown) => {
      assert.ok(error instanceof SourceTreeError);
      assert.equal(error.facts.summary, `${root}: no such folder`);
      return true;
    });
  });

  it("is refused for a folder that the repository around it ignores, which would be an empty tree", async () => {
    await using around = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await around.write({ ".gitignore": "/build/\n", "build/fleet.ts": "" });
    await around.git("init", "-q");
    await assert.rejects(stageTree(join(around.path, "build"), { cacheDir: cache.path }, silent, soon()), (error) => {
      assert.ok(error instanceof SourceTreeError);
      assert.match(error.message, /no file of it belongs to the source tree/);
      assert.match(error.message, /git check-ignore/);
      return true;
    });
  });

  it("is refused without git", async () => {
    await using fleet = await TemporaryFolder.make();
    await fleet.write({ "a.ts": "1" });
    await assert.rejects(
      withPath(fleet.path, () => stageTree(fleet.path, { cacheDir: join(fleet.path, "c") }, silent, soon())),
      { code: "FLEET_SOURCE_TREE", message: /^git is not installed: there is no `git` on PATH/ },
    );
  });
});

describe("git's listing", () => {
  it("gives each path once, conflicts too, and tells submodules from files", () => {
    const blob = "0".repeat(40);
    const records = [
      `H 100644 ${blob} 0\tb.ts`,
      `M 100644 ${blob} 1\tconflict.ts`,
      `M 100644 ${blob} 2\tconflict.ts`,
      `H 160000 ${blob} 0\tvendor/sub`,
      `S 100644 ${blob} 0\tfar.ts`,
      "? new line\n.ts",
      "? nested/",
    ];
    assert.deepEqual(parseListing(`${records.join("\0")}\0`), {
      paths: ["b.ts", "conflict.ts", "far.ts", "new line\n.ts"],
      repositories: ["nested", "vendor/sub"],
      sparse: ["far.ts"],
    });
  });
});

/** Moves the recorded time of the last staging ahead, as if the files had been at rest before it. */
async function pretendStagedLater(cacheDir: string): Promise<void> {
  const folder = join(cacheDir, "trees/records");
  for (const name of await readdir(folder)) {
    const record: unknown = JSON.parse(await readFile(join(folder, name), "utf8"));
    assert.ok(typeof record === "object");
    await writeFile(join(folder, name), JSON.stringify({ ...record, takenAtMs: Date.now() + 10_000 }));
  }
}
