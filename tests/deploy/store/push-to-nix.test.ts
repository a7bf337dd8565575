import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { startLinkProxy } from "../../../bench/link/link-proxy.ts";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { patience, soon } from "../support/signals.ts";
import { startTestServer, type TestServer } from "../support/ssh-server.ts";
import { addClosure, closureOf, OtherStore } from "./support/closures.ts";
import { cuttingProxy } from "./support/cutting-proxy.ts";

describe("push to a real Nix", function () {
  this.timeout(100_000);
  let server: TestServer;
  let mixed: StorePath;
  before(async () => {
    server = await startTestServer();
    mixed = await addClosure("push-nix", { small: 12, large: 3 });
  });
  after(() => server[Symbol.asyncDispose]());

  async function push(
    toplevel: StorePath,
    store: OtherStore,
    options: Partial<PushOptions> = {},
    port = server.port,
  ): Promise<PushResult> {
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, server.spec({ port }), 10, () => undefined);
    const all = { deadlineSeconds: 90, store: store.uri, ...options };
    return await pushClosure(session, toplevel, all, () => undefined, patience());
  }

  for (const compress of ["never", "always"] as const) {
    it(`makes the whole closure valid there, compression ${compress}`, async () => {
      await using store = await OtherStore.make();
      const result = await push(mixed, store, { compress });
      assert.deepEqual(await store.valid(), await closureOf(mixed));
      await store.verify();
      assert.equal(result.compression, compress === "always" ? "zstd" : "none");
      const ratio = (result.bytesSent ?? 0) / result.bytes;
      assert.ok(compress === "always" ? ratio < 0.7 : ratio > 1, `${ratio} of the bytes were sent`);
      assert.equal((await push(mixed, store, { compress })).backend, "none");
    });
  }

  it("speaks with the daemon, too, whatever it has already", async () => {
    await using store = await OtherStore.make();
    const part = await addClosure("push-nix", { small: 2, large: 1 });
    await push(part, store, { backend: "worker" });
    const result = await push(mixed, store, { backend: "worker", compress: "always" });
    assert.deepEqual([result.backend, result.compression, result.paths < 17], ["worker", "none", true]);
    assert.deepEqual(await store.valid(), [...new Set([...(await closureOf(mixed)), part])].sort());
    await store.verify();
    assert.equal((await push(mixed, store, { backend: "worker" })).backend, "none");
  });

  it("leaves a valid store after a cut at any byte, and completes by itself", async () => {
    const compress = fc.constantFrom("never", "always");
    const backend = fc.constantFrom("serve", "serve", "worker");
    await fc.assert(
      // Up to some bytes more than a whole push sends uncompressed.
      fc.asyncProperty(
        fc.integer({ min: 3_000, max: 4_200_000 }),
        compress,
        backend,
        async (cutAfter, compress, backend) => {
          await using store = await OtherStore.make();
          await using proxy = await cuttingProxy(server.port, cutAfter);
          await push(mixed, store, { compress, backend }, proxy.port);
          assert.deepEqual(await store.valid(), await closureOf(mixed));
          await store.verify();
        },
      ),
      { numRuns: 8 },
    );
  });

  for (const compress of ["auto", "always"] as const) {
    it(`needs no more answers over a long way, and waits for none that cannot come, compression ${compress}`, async () => {
      await using store = await OtherStore.make();
      await using far = await startLinkProxy(
        { roundTripMs: 50, bytesPerSecond: 12_500_000 },
        { host: "127.0.0.1", port: server.port },
      );
      const chain = await addClosure("push-far", { small: 80, large: 0 });
      assert.equal((await push(chain, store, { compress }, far.port)).roundTrips, 3);
      const { compression, channels } = await push(mixed, store, { compress }, far.port);
      assert.deepEqual([compression, channels], ["zstd", 3], "slow enough to compress");
      assert.deepEqual(await store.valid(), [...(await closureOf(mixed)), ...(await closureOf(chain))].sort());
      await store.verify();
    });
  }

  it("is refused where a path of the operator's store is not what Nix put there, and the store stays valid", async () => {
    const folder = await mkdtemp(join(tmpdir(), "damaged-"));
    const file = join(folder, "damaged");
    await writeFile(file, `${Math.random()} ${"x".repeat(300_000)}`);
    const damaged = parseStorePath((await runNix(["store", "add", file], { signal: soon() })).trim());
    try {
      await chmod(damaged, 0o644);
      await using handle = await open(damaged, "r+");
      await handle.write("y", 1_000);
      await using store = await OtherStore.make();
      for (const backend of ["serve", "worker"] as const) {
        await assert.rejects(push(damaged, store, { backend }), (error: Error) => {
          assert.match(error.message, new RegExp(`hash mismatch importing path '${damaged}'`));
          assert.match(error.message, new RegExp(`nix-store --repair-path ${damaged}`));
          return true;
        });
      }
      assert.deepEqual(await store.valid(), []);
      await store.verify();
    } finally {
      await promisify(execFile)("nix-store", ["--delete", damaged]);
      await rm(folder, { recursive: true });
    }
  });
});
