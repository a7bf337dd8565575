import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { changedFiles, compareApprovedTree, recordApprovedTree } from "../../local-nix/approved-tree.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import { silent, soon } from "./support/fixtures.ts";
import { TemporaryFolder } from "./support/temporary-folder.ts";

describe("the approved tree", () => {
  it("stops an update whose tree is another one, naming the files; other runs are not concerned", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const cacheDir = cache.path;
    await fleet.write({ "a.ts": "1", "b.ts": "1", "c.ts": "1" });
    const shown = await stageTree(fleet.path, { cacheDir }, silent, soon());
    await recordApprovedTree("local/4711", shown, cacheDir);
    await compareApprovedTree("local/4711", shown, cacheDir);
    await fleet.write({ "b.ts": "2", "d.ts": "1" });
    const now = await stageTree(fleet.path, { cacheDir }, silent, soon());
    await assert.rejects(compareApprovedTree("local/4711", now, cacheDir), {
      code: "FLEET_TREE_CHANGED",
      message: `${fleet.path}: the source tree changed since you approved
  expected: ${shown.narHash}
  found:    ${now.narHash}; different: b.ts, d.ts
  at:       ${fleet.path}
  fix:      look at the change and run \`pulumi up\` again`,
    });
    await compareApprovedTree("local/4712", now, cacheDir);
    await recordApprovedTree("local/4711", now, cacheDir);
    await compareApprovedTree("local/4711", now, cacheDir);
  });

  it("counts the executable bit, but no folder of its own", async () => {
    await using one = await TemporaryFolder.make();
    await using two = await TemporaryFolder.make();
    await one.write({ "x/run": "1", same: "1" });
    await two.write({ "x/run": "1", same: "1" });
    await chmod(join(two.path, "x/run"), 0o755);
    assert.deepEqual(await changedFiles(one.path, two.path), ["x/run"]);
  });
});
