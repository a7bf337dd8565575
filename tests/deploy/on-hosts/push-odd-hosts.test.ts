import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { largeClosure } from "../../../bench/synthetic/closures.ts";
import * as synthetic from "../../../bench/synthetic/operator-store.ts";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import { addClosure, closureOf } from "../store/support/closures.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { holdPath } from "../support/hold-path.ts";
import { patience } from "../support/signals.ts";

/** At least 48 MiB, from where on further connections help. */
const large = largeClosure([44_000_000, 36_000_000, 24_000_000], `odd-${randomBytes(4).toString("hex")}`);

describe("pushing to a host that is not like others", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
    await synthetic.addClosure(large, patience());
  });
  after(async () => {
    await host[Symbol.asyncDispose]();
    await synthetic.removeClosures([large], patience());
  });

  function session(pool: ConnectionPool): HostSession {
    return new HostSession(pool, host.connection({}), 20, () => undefined);
  }

  async function push(toplevel: StorePath, options: Partial<PushOptions> = {}): Promise<PushResult> {
    await using pool = new ConnectionPool();
    return await pushClosure(session(pool), toplevel, { deadlineSeconds: 90, ...options }, () => undefined, patience());
  }

  async function verify(toplevel: StorePath): Promise<void> {
    await host.ask(`nix-store --verify-path ${(await closureOf(toplevel)).join(" ")}`);
  }

  it("asks the next question of the process that answered the last one, and of another one when that was killed", async () => {
    const toplevel = await addClosure("kept", { small: 3, large: 0 });
    await push(toplevel);
    await using pool = new ConnectionPool();
    const ask = async (): Promise<PushResult> =>
      pushClosure(session(pool), toplevel, { deadlineSeconds: 60 }, () => undefined, patience());
    const waiting = `pgrep --full -- '^/bin/sh -s -- ${toplevel}'`;
    assert.equal((await ask()).backend, "none");
    const first = await host.ask(waiting);
    assert.equal((await ask()).backend, "none");
    assert.equal(await host.ask(waiting), first);
    await host.ask(`kill -9 ${first}`);
    assert.equal((await ask()).backend, "none");
    assert.notEqual(await host.ask(waiting), first);
    const other = await addClosure("after-kept", { small: 2, large: 1 });
    const { paths } = await pushClosure(session(pool), other, { deadlineSeconds: 60 }, () => undefined, patience());
    assert.equal(paths, (await closureOf(other)).length, "the process that waited receives");
    await verify(other);
  });

  it("does with a single session where sshd allows no more, and keeps none of it", async () => {
    await configure("MaxSessions 1");
    try {
      const toplevel = await addClosure("single", { small: 10, large: 4 });
      await using pool = new ConnectionPool();
      const way = session(pool);
      const options = { deadlineSeconds: 90, compress: "always" } as const;
      const first = await pushClosure(way, toplevel, options, () => undefined, patience());
      const { paths, channels, compression, resumed } = first;
      assert.deepEqual(
        { paths, channels, compression, resumed },
        { paths: 16, channels: 1, compression: "none", resumed: 0 },
      );
      await verify(toplevel);
      const second = await pushClosure(way, toplevel, options, () => undefined, patience());
      assert.equal(second.backend, "none");
      const connection = await way.connection(patience());
      const { stdout } = await connection.exec(["echo", "room"], {}, patience());
      assert.equal(stdout, "room\n", "the process that waited made room");
    } finally {
      await configure("");
    }
  });

  it("compresses with gzip for a host without zstd", async () => {
    const toplevel = await addClosure("by-gzip", { small: 10, large: 3 });
    await host.ask("mount --bind /dev/null /usr/bin/zstd");
    try {
      const { compression, bytesSent = 0, bytes } = await push(toplevel, { compress: "always" });
      assert.equal(compression, "gzip");
      assert.ok(bytesSent < bytes * 0.8, `${bytesSent} of ${bytes} bytes`);
      await verify(toplevel);
    } finally {
      await host.ask("umount /usr/bin/zstd");
    }
  });

  it("does not send what the host fetches from its own caches", async () => {
    const toplevel = await addClosure("cached", { small: 6, large: 3 });
    const closure = await closureOf(toplevel);
    await push(toplevel);
    const cached = closure.filter((path) => /-large-[01]$/.test(path));
    const nix = "nix --extra-experimental-features nix-command";
    await host.ask(`${nix} copy --no-check-sigs --to file:///var/cache/fleet ${cached.join(" ")}`);
    const inCache = (await host.ask("sed -n 's/^StorePath: //p' /var/cache/fleet/*.narinfo")).split("\n");
    assert.deepEqual(
      cached.filter((path) => !inCache.includes(path)),
      [],
    );
    await host.ask(`nix-store --delete ${closure.toReversed().join(" ")}`);
    await host.ask("echo 'substituters = file:///var/cache/fleet' >>/etc/nix/nix.conf");
    const { paths, bytes, bytesSent = 0 } = await push(toplevel, { substitute: true, compress: "never" });
    assert.equal(paths, closure.length - inCache.length);
    assert.ok(bytesSent < 2 * 1_400_000, `of three large paths one was sent: ${bytesSent} bytes for ${bytes}`);
    await verify(toplevel);
  });

  const ways = {
    "OpenSSH's client on a fast way": { bytesPerSecond: 100e6, roundTripMs: 1 },
    "more connections on a long way": { bytesPerSecond: 2.6e6, roundTripMs: 60 },
  };
  for (const [help, link] of Object.entries(ways)) {
    it(`is helped by ${help}`, async () => {
      const others = large.paths.map(({ path }) => path).filter((path) => path !== large.toplevel);
      const smallest = others.at(-1);
      assert.ok(smallest);
      // The first channel begins with the smallest: as long as it cannot go on, everything else comes from the others.
      await using held = await holdPath(host, smallest);
      const pushed = push(large.toplevel, { link, compress: "never" });
      await held.areThere(others.filter((path) => path !== smallest));
      await held.release();
      const { paths, connections = 0, resumed } = await pushed;
      assert.deepEqual([paths, connections > 1, resumed], [4, true, 0]);
      await verify(large.toplevel);
      await host.ask(`nix-store --delete ${[large.toplevel, ...others].join(" ")}`);
    });
  }

  async function configure(lines: string): Promise<void> {
    await host.sim.exec("cat >/etc/ssh/sshd_config.d/test.conf", patience(), { stdin: `${lines}\n` });
    await host.ask("sshd -t && systemctl restart ssh");
    await host.sim.untilUp(patience());
  }
});
