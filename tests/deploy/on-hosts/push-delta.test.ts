import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { rebuiltClosures } from "../../../bench/synthetic/closures.ts";
import * as synthetic from "../../../bench/synthetic/operator-store.ts";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { askSending, measureSending } from "../../../deploy/store/delta/measure-sending.ts";
import { readClosure } from "../../../deploy/store/path-info.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { holdPath } from "../support/hold-path.ts";
import { patience } from "../support/signals.ts";

const sizes = { missing: { small: 12, large: [3_000_000, 2_000_000, 1_500_000] } };
const slow = { bytesPerSecond: 2 ** 20, roundTripMs: 5 };

describe("pushing differences from what the host runs", function () {
  this.timeout(110_000);
  const { before: old, after: rebuilt } = rebuiltClosures(sizes, `delta-${randomBytes(4).toString("hex")}`);
  const all = rebuilt.paths.map(({ path }) => path);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
    for (const closure of [old, rebuilt]) await synthetic.addClosure(closure, patience());
    await push(old.toplevel, { delta: "never" });
    await host.ask(`ln -sfn ${old.toplevel} /run/current-system`);
  });
  after(async () => {
    await host[Symbol.asyncDispose]();
    await synthetic.removeClosures([old, rebuilt], patience());
  });

  async function push(
    toplevel: StorePath,
    options: Partial<PushOptions>,
    said: string[] = [],
    heard: "warning" | "debug" = "warning",
  ): Promise<PushResult> {
    await using pool = new ConnectionPool();
    const report = ({ level, message }: { level: string; message: string }): void =>
      void (level === heard && said.push(message));
    const session = new HostSession(pool, host.connection({}), 20, report);
    return await pushClosure(session, toplevel, { deadlineSeconds: 100, link: slow, ...options }, report, patience());
  }

  /** The host's own word that all is there, byte for byte, and that nothing else was left; then it is taken away again. */
  async function verifyAndForget(): Promise<void> {
    await host.ask(`nix-store --verify-path ${all.join(" ")}`);
    assert.equal(await host.ask("ls -d /var/tmp/pulumi-clan-* /tmp/pulumi-clan-delta* 2>/dev/null || true"), "");
    await host.ask(`nix-store --delete ${all.toReversed().join(" ")}`);
  }

  it("sends of a set of rebuilt paths less than a tenth of what it sends otherwise", async () => {
    const full = await push(rebuilt.toplevel, { delta: "never" });
    assert.equal(full.delta, undefined);
    await verifyAndForget();
    const said: string[] = [];
    const { paths, bytes, bytesSent = 0, delta } = await push(rebuilt.toplevel, {}, said);
    assert.deepEqual(said, []);
    assert.deepEqual([paths, bytes], [full.paths, full.bytes]);
    assert.deepEqual([delta?.paths, delta?.bytes], [paths, bytes]);
    assert.ok((delta?.bytesSent ?? 0) <= bytesSent);
    assert.ok(bytesSent * 10 < (full.bytesSent ?? 0), `${bytesSent} of ${full.bytesSent} bytes`);
    await verifyAndForget();
  });

  it("is tried beforehand for a plan, which sends nothing and tells what is sent then", async () => {
    const missing = await readClosure([rebuilt.toplevel], patience());
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, host.connection({}), 20, () => undefined);
    const asked = await askSending(await session.connection(patience()), missing, patience());
    assert.ok(asked.kind === "stages", JSON.stringify(asked));
    const told = await measureSending(asked, patience());
    assert.equal(
      await host.ask(`nix-store --check-validity --print-invalid ${all.join(" ")} | wc -l`),
      String(all.length),
    );
    const full = await measureSending({ ...asked, stages: [{ kind: "full", paths: missing }] }, patience());
    const { paths, bytes, delta } = await push(rebuilt.toplevel, {});
    assert.ok(told.kind === "differences" && full.kind === "differences" && delta !== undefined);
    assert.deepEqual([told.paths, told.bytes], [paths, bytes]);
    assert.deepEqual([full.paths, full.bytes], [0, 0]);
    const isAbout = (a: number, b: number): boolean => Math.abs(a - b) < b / 10;
    assert.ok(isAbout(told.sentBytes, delta.bytesSent), `${told.sentBytes} foretold, ${delta.bytesSent} sent`);
    await verifyAndForget();
    const { bytesSent = 0 } = await push(rebuilt.toplevel, { delta: "never" });
    assert.ok(isAbout(full.sentBytes, bytesSent), `${full.sentBytes} foretold, ${bytesSent} sent in full`);
    await verifyAndForget();
  });

  it("sends none over a fast way, unless asked to", async () => {
    const link = { bytesPerSecond: 100e6, roundTripMs: 1 };
    assert.equal((await push(rebuilt.toplevel, { link })).delta, undefined);
    await verifyAndForget();
    assert.equal((await push(rebuilt.toplevel, { link, delta: "always" })).delta?.paths, all.length);
    await verifyAndForget();
  });

  it("goes in stages where the host has little memory, the next one prepared while one is on its way", async () => {
    const said: string[] = [];
    await host.ask("echo 'MemAvailable: 26000 kB' >/run/meminfo && mount --bind /run/meminfo /proc/meminfo");
    try {
      const { paths, delta, bytesSent = 0, bytes } = await push(rebuilt.toplevel, {}, said, "debug");
      assert.deepEqual([paths, delta?.paths], [all.length, all.length]);
      assert.ok(bytesSent < bytes / 10, `${bytesSent} of ${bytes} bytes`);
    } finally {
      await host.ask("umount /proc/meminfo");
    }
    assert.match(said.join("\n"), /differences for 6\.\d MiB, 3 stages/);
    await verifyAndForget();
  });

  it("sends in full what the host's zstd cannot put together, and says so", async () => {
    const said: string[] = [];
    await host.ask("cp /usr/bin/zstd /run/real-zstd && mount --bind /usr/bin/false /usr/bin/zstd");
    try {
      const { paths, delta } = await push(rebuilt.toplevel, { compress: "never" }, said);
      assert.deepEqual([paths, delta], [all.length, undefined]);
      assert.match(said.join("\n"), /^the differences did not arrive, sending in full: /);
    } finally {
      await host.ask("umount /usr/bin/zstd");
    }
    await verifyAndForget();
  });

  it("adds nothing that another archive made of the differences: the host's Nix compares every hash", async () => {
    const said: string[] = [];
    // A store that gives other bytes than those whose hash it states.
    const file = `${old.paths.at(-2)?.path}/bin/program`;
    await host.ask(`cp ${file} /run/kept && printf other | dd of=${file} bs=1 seek=700000 conv=notrunc 2>&1`);
    const { paths } = await push(rebuilt.toplevel, {}, said);
    await host.ask(`cat /run/kept >${file}`);
    assert.equal(paths, all.length);
    assert.match(said.join("\n"), /^the differences did not arrive, sending in full: /);
    await verifyAndForget();
  });

  it("goes on with what is missing when the connection is cut under way", async () => {
    const top = rebuilt.paths.at(-2)?.path ?? rebuilt.toplevel;
    await using held = await holdPath(host, top);
    const pushed = push(rebuilt.toplevel, {});
    await held.areThere(all.slice(0, 4));
    await host.cutConnections();
    await held.release();
    const { resumed, paths, bytesSent = 0, bytes } = await pushed;
    assert.deepEqual([resumed, paths], [1, all.length]);
    assert.ok(bytesSent < bytes / 10, `${bytesSent} of ${bytes} bytes`);
    await verifyAndForget();
  });
});
