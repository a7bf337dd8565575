import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { writeChanges } from "../../../clan/authoring/write-changes.ts";

async function folderWith(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "changes-"));
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  const all = async (): Promise<readonly string[]> => (await readdir(root, { recursive: true })).sort();
  return { root, all, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

describe("changes of a fleet's files", () => {
  it("are written whole, with their folders and the modes that files have", async () => {
    await using folder = await folderWith({ "a.ts": "one" });
    await writeFile(join(folder.root, "run"), "old", { mode: 0o755 });
    await writeChanges(folder.root, [
      { path: "a.ts", before: "one", after: "two" },
      { path: "b/c/d.ts", before: null, after: "new" },
      { path: "run", before: "old", after: "new" },
    ]);
    assert.deepEqual(await folder.all(), ["a.ts", "b", "b/c", "b/c/d.ts", "run"]);
    assert.equal(await readFile(join(folder.root, "a.ts"), "utf8"), "two");
    assert.equal((await stat(join(folder.root, "run"))).mode & 0o777, 0o755);
  });

  it("are undone where one of them cannot be, and leave nothing behind", async () => {
    await using folder = await folderWith({ "a.ts": "one", "in-the-way": "a file" });
    const changes = [
      { path: "a.ts", before: "one", after: "two" },
      { path: "b/new.ts", before: null, after: "new" },
      { path: "in-the-way/c.ts", before: null, after: "new" },
    ];
    await assert.rejects(writeChanges(folder.root, changes), /ENOTDIR|EEXIST/);
    assert.deepEqual(await folder.all(), ["a.ts", "in-the-way"]);
    assert.equal(await readFile(join(folder.root, "a.ts"), "utf8"), "one");
  });

  it("may be a file that goes, and that is there again, with its mode, where another change cannot be made", async () => {
    await using folder = await folderWith({ "a.nix": "one" });
    const gone = { path: "a.nix", before: "one", after: null };
    await writeFile(join(folder.root, "full"), "a file", { mode: 0o755 });
    await mkdir(join(folder.root, "z"));
    const failing = [
      { path: "full", before: "a file", after: null },
      { path: "z", before: null, after: "a file" },
    ];
    await assert.rejects(writeChanges(folder.root, failing), /EISDIR|ENOTEMPTY|EEXIST/);
    assert.deepEqual(await folder.all(), ["a.nix", "full", "z"]);
    assert.equal((await stat(join(folder.root, "full"))).mode & 0o777, 0o755);
    await writeChanges(folder.root, [gone, { path: "a.ts", before: null, after: "two" }]);
    assert.deepEqual(await folder.all(), ["a.ts", "full", "z"]);
  });

  it("are refused where a folder stands in a place", async () => {
    await using folder = await folderWith({ "a.ts": "one" });
    await mkdir(join(folder.root, "folder", "full"), { recursive: true });
    const changes = [
      { path: "a.ts", before: "one", after: "two" },
      { path: "new.ts", before: null, after: "new" },
      { path: "folder", before: null, after: "a file" },
    ];
    await assert.rejects(writeChanges(folder.root, changes), /EISDIR|ENOTEMPTY|EEXIST/);
    assert.deepEqual(await folder.all(), ["a.ts", "folder", "folder/full"]);
    assert.equal(await readFile(join(folder.root, "a.ts"), "utf8"), "one");
  });

  it("are refused where somebody has edited a file meanwhile", async () => {
    await using folder = await folderWith({ "a.ts": "edited" });
    await assert.rejects(writeChanges(folder.root, [{ path: "a.ts", before: "one", after: "two" }]), {
      code: "FLEET_AUTHORING",
    });
    assert.equal(await readFile(join(folder.root, "a.ts"), "utf8"), "edited");
  });
});
