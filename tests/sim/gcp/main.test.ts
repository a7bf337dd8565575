import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "mocha";
import { providerClient } from "./provider-client.ts";

const main = join(import.meta.dirname, "../../../sim/gcp/main.ts");

describe("process of the cloud's stand-in", () => {
  it("prints its ports first, serves, and ends when its stdin closes", async () => {
    const directory = await mkdtemp(join(tmpdir(), "cloud-"));
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, PULUMI_CLAN_SIM_STATE: directory },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const ended = once(child, "close");
    try {
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      assert.match(String(line), /^[1-9][0-9]{2,4} [1-9][0-9]{2,4}$/);
      using provider = providerClient(Number(String(line).split(" ")[0]));
      assert.equal(await provider.configure({ project: "p" }), true);
    } finally {
      child.stdin.end();
    }
    assert.deepEqual(await ended, [0, null]);
    await rm(directory, { recursive: true });
  });
});
