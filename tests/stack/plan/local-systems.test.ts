import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, it } from "mocha";
import { isStorePath } from "../../../local-nix/store-path.ts";
import { LocalSystems } from "../../../stack/plan/local-systems.ts";
import { soon } from "../../local-nix/support/fixtures.ts";

describe("systems in this machine's store", () => {
  it("have their folders read while closures are asked for: a host waits for them, and its time is short", async () => {
    const entries = await readdir("/nix/store", { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `/nix/store/${name}`);
    const there = folders.find(isStorePath);
    assert.ok(there !== undefined);
    const locals = new LocalSystems(soon(), 1);
    const order: string[] = [];
    const asked = locals.read(there).finally(() => order.push("closure"));
    const read = locals.launchd(there).finally(() => order.push("folder"));
    await Promise.allSettled([asked, read]); // what lies there is any path, which need be neither a system nor valid
    assert.deepEqual(order, ["folder", "closure"]);
  });
});
