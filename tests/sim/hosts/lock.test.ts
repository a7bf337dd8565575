import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { withLock } from "../../../sim/hosts/lock.ts";
import { soon } from "./own-simulation.ts";

describe("lock of the simulation", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("lets one in at a time", async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(join(folder, "lock"), work, soon())));
    assert.equal(most, 1);
  });

  it("is taken over from a holder that died", async () => {
    await writeFile(join(folder, "lock"), `${process.pid} 1`); // our pid with another start time: a process of the past
    assert.equal(await withLock(join(folder, "lock"), async () => "taken", soon()), "taken");
  });

  it("is not taken from a holder that lives", async () => {
    const held = withLock(
      join(folder, "lock"),
      () => withLock(join(folder, "lock"), async () => "twice", AbortSignal.timeout(100)),
      soon(),
    );
    await assert.rejects(held, { name: "TimeoutError" });
  });
});
