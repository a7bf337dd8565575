import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { writeDiskKeys } from "../../../deploy/installation/disk-keys.ts";

const kept = (path: string, content = "of the clan") => ({ path, read: () => Promise.resolve(Buffer.from(content)) });

describe("keys of encrypted disks", () => {
  it("lie in a folder of the operator's alone as long as they are needed", async () => {
    const keys = await writeDiskKeys("galena", [kept("/run/a"), kept("/run/b", "other")], {});
    const files = Object.values(keys.paths);
    assert.deepEqual(Object.keys(keys.paths), ["/run/a", "/run/b"]);
    assert.deepEqual(await Promise.all(files.map((file) => readFile(file, "utf8"))), ["of the clan", "other"]);
    const [first = ""] = files;
    const modes = await Promise.all([first, dirname(first)].map(async (path) => (await stat(path)).mode & 0o777));
    assert.deepEqual(modes, [0o600, 0o700]);
    await keys[Symbol.asyncDispose]();
    await assert.rejects(stat(dirname(first)), { code: "ENOENT" });
  });

  it("are the stack's where it states one, which stays where it is", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "disk-keys-"));
    const file = join(folder.path, "key");
    await writeFile(file, "of the stack");
    {
      await using keys = await writeDiskKeys("galena", [kept("/run/a")], { "/run/a": file });
      assert.deepEqual(keys.paths, { "/run/a": file });
    }
    assert.equal(await readFile(file, "utf8"), "of the stack");
  });

  it("are refused where they are missing, empty or no file, and where a shell would not take their path as it is", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "disk-keys-"));
    const empty = join(folder.path, "empty");
    await writeFile(empty, "");
    for (const [file, found] of [
      [join(folder.path, "none"), "ENOENT"],
      [empty, "an empty file"],
      [folder.path, "no regular file"],
    ] as const) {
      const refused = { code: "FLEET_INSTALL_REFUSED", message: new RegExp(`${file}: ${found}`) };
      await assert.rejects(writeDiskKeys("galena", [], { "/run/a": file }), refused);
    }
    for (const path of ["/run/$(reboot)", "/run/a b", "run/a", "/run/a;b"])
      await assert.rejects(writeDiskKeys("galena", [kept(path)], {}), { code: "FLEET_INSTALL_REFUSED" }, path);
  });
});
