import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parseHostKey } from "../../deploy/ssh/host-key.ts";
import { lastSeen, rememberSeen } from "../../stack/last-seen.ts";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";

const keyOf = (byte: number) => {
  const blob = Buffer.concat([Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAI", "base64"), Buffer.alloc(32, byte)]).subarray(
    0,
    51,
  );
  return { key: parseHostKey(`ssh-ed25519 ${blob.toString("base64")}`), source: "vars" } as const;
};
const laptop = { machine: "stibnite", targetHost: "root@198.51.100.7", hostKeys: [keyOf(1)] };

describe("when a host last answered", () => {
  it("is known by its key wherever it was, and to whoever saw it", async () => {
    await using cache = await TemporaryFolder.make();
    assert.equal(await lastSeen(laptop, cache.path), undefined);
    const before = Math.floor(Date.now() / 1000);
    await rememberSeen(laptop, cache.path);
    const at = await lastSeen({ ...laptop, targetHost: "root@192.0.2.9" }, cache.path);
    assert.ok(at !== undefined && at >= before && at <= Date.now() / 1000);
    assert.equal(await lastSeen({ ...laptop, hostKeys: [keyOf(2)] }, cache.path), undefined, "another host");
    assert.equal(await lastSeen({ ...laptop, hostKeys: [] }, cache.path), undefined);
  });

  it("is forgotten where it cannot be kept, which keeps nobody from looking", async () => {
    await using cache = await TemporaryFolder.make();
    await writeFile(join(cache.path, "seen"), "in the way");
    await rememberSeen(laptop, cache.path);
    assert.equal(await lastSeen(laptop, cache.path), undefined);
  });
});
