import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type BackEnd, backEnds } from "../../../deploy/ssh/transport.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import { parseSigningKey } from "../../../deploy/store/signature.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { addClosure, closureOf } from "../store/support/closures.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { holdPath } from "../support/hold-path.ts";
import { patience } from "../support/signals.ts";

describe("pushing to a host", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
  });
  after(() => host[Symbol.asyncDispose]());

  async function push(
    toplevel: StorePath,
    options: Partial<PushOptions> = {},
    onEvent: (event: FleetEvent) => void = () => undefined,
    way: { readonly user: string; readonly backEnd?: BackEnd } = { user: "root" },
  ): Promise<PushResult> {
    await using pool = new ConnectionPool();
    const { user, backEnd } = way;
    const elevation = user === "root" ? "none" : "sudo";
    const spec = host.connection(backEnd === undefined ? { user } : { user, backEnd });
    const session = new HostSession(pool, spec, 20, onEvent, elevation);
    return await pushClosure(session, toplevel, { deadlineSeconds: 90, ...options }, onEvent, patience());
  }

  /** The host's own word: every path is valid, and has the contents that its hash says. */
  async function verify(toplevel: StorePath): Promise<void> {
    const paths = await closureOf(toplevel);
    await host.ask(`nix-store --verify-path ${paths.join(" ")}`);
    assert.equal(await host.ask("nix-store --verify --check-contents 2>&1 | grep -ci error || true"), "0");
  }

  it("makes the closure valid there, and finds it valid the next time", async () => {
    const toplevel = await addClosure("on-host", { small: 40, large: 4 });
    const first = await push(toplevel, { compress: "always" });
    assert.deepEqual([first.paths, first.backend, first.compression], [46, "serve", "zstd"]);
    await verify(toplevel);
    const second = await push(toplevel);
    assert.deepEqual([second.paths, second.backend, second.roundTrips], [0, "none", 1]);
  });

  it("goes through the operator's OpenSSH, too", async () => {
    const toplevel = await addClosure("by-openssh", { small: 20, large: 4 });
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, host.connection({ backEnd: "openssh" }), 20, () => undefined);
    const link = { bytesPerSecond: 100e6, roundTripMs: 1 };
    const options = { deadlineSeconds: 90, compress: "always", link } as const;
    const { backend, channels, paths } = await pushClosure(session, toplevel, options, () => undefined, patience());
    assert.deepEqual([backend, channels, paths], ["serve", 4, 26]);
    await verify(toplevel);
  });

  const faults = {
    "the receivers are killed": (): Promise<unknown> => host.ask(killReceivers),
    "the connection is cut": (): Promise<unknown> => host.cutConnections(),
  };
  for (const [fault, strike] of Object.entries(faults)) {
    for (const compress of ["never", "always"] as const) {
      it(`goes on when ${fault}, compression ${compress}`, async () => {
        const toplevel = await addClosure(`${fault.replaceAll(" ", "-")}-${compress}`, { small: 20, large: 5 });
        await using lock = await holdPath(host, toplevel);
        const pushed = push(toplevel, { compress });
        await lock.areThere((await closureOf(toplevel)).filter((path) => path !== toplevel));
        await strike();
        await lock.release();
        assert.equal((await pushed).resumed, 1);
        await verify(toplevel);
      });
    }
  }

  it("waits for a path that the host is just building, or somebody else is adding", async () => {
    const toplevel = await addClosure("being-built", { small: 20, large: 2 });
    await using lock = await holdPath(host, toplevel);
    const pushed = push(toplevel);
    await lock.areThere((await closureOf(toplevel)).filter((path) => path !== toplevel));
    await lock.release();
    const { resumed, paths } = await pushed;
    assert.deepEqual([resumed, paths], [0, 24]);
    await verify(toplevel);
  });

  it("says so when the host's store becomes full on the way, and completes when there is room again", async () => {
    const toplevel = await addClosure("full", { small: 5, large: 6 });
    await host.ask("mkdir -p /mnt/small && mount -t tmpfs -o size=6m none /mnt/small");
    const store = "local?root=/mnt/small";
    await assert.rejects(push(toplevel, { store }), { code: "FLEET_DISK_SPACE" });
    await host.ask(`mount -o remount,size=64m /mnt/small && nix-store --store '${store}' --verify --check-contents`);
    await push(toplevel, { store });
    await host.ask(`nix-store --store '${store}' --verify-path ${toplevel}`);
    await host.ask("umount /mnt/small");
  });

  it("refuses before a byte is sent what does not fit", async () => {
    const toplevel = await addClosure("too-large", { small: 1, large: 1 });
    const refused = push(toplevel, { reserveMib: 10_000_000 });
    await assert.rejects(refused, { code: "FLEET_DISK_SPACE", message: /does not fit into the host's store/ });
  });

  describe("as a user who cannot become root", () => {
    const [alice, mallory] = [{ user: "alice" }, { user: "mallory" }];
    before(() => prepareUsers(host));

    for (const backEnd of backEnds) {
      it(`goes to the daemon's socket, without a shell or a process between, where the daemon trusts them (${backEnd})`, async () => {
        const toplevel = await addBuilt(`by-alice-${backEnd}`);
        const { backend, through, paths } = await push(toplevel, {}, undefined, { ...alice, backEnd });
        assert.deepEqual([backend, through, paths], ["worker", "socket", 1]);
        await verify(toplevel);
      });

      it(`goes through nix-daemon where sshd does not forward to sockets, and says so (${backEnd})`, async () => {
        await host.ask(
          "echo 'AllowStreamLocalForwarding no' >/etc/ssh/sshd_config.d/local.conf && systemctl restart ssh",
        );
        try {
          const events: FleetEvent[] = [];
          const toplevel = await addBuilt(`by-process-${backEnd}`);
          const report = (event: FleetEvent): void => void events.push(event);
          const { backend, through } = await push(toplevel, {}, report, { ...alice, backEnd });
          assert.deepEqual([backend, through], ["worker", "process"]);
          assert.ok(events.some(({ message }) => message.startsWith("the daemon's socket cannot be reached")));
          await verify(toplevel);
        } finally {
          await host.ask("rm /etc/ssh/sshd_config.d/local.conf && systemctl restart ssh");
        }
      });
    }

    const faultsOfDaemons = {
      "the daemon's workers are killed": (): Promise<unknown> => host.ask(killWorkers),
      "the connection is cut": (): Promise<unknown> => host.cutConnections(),
    };
    for (const [fault, strike] of Object.entries(faultsOfDaemons)) {
      it(`goes on when ${fault}`, async () => {
        const toplevel = await addClosure(`worker-${fault.replaceAll(/[^a-z]+/g, "-")}`, { small: 20, large: 5 });
        await using lock = await holdPath(host, toplevel);
        const pushed = push(toplevel, {}, undefined, alice);
        await lock.areThere((await closureOf(toplevel)).filter((path) => path !== toplevel));
        await strike();
        await lock.release();
        const { resumed, backend } = await pushed;
        assert.deepEqual([resumed, backend], [1, "worker"]);
        await verify(toplevel);
      });
    }

    it("needs no signature for what its name vouches for", async () => {
      const toplevel = await addClosure("by-mallory", { small: 3, large: 1 });
      assert.equal((await push(toplevel, {}, undefined, mallory)).backend, "worker");
      await verify(toplevel);
    });

    it("signs on the way what the host wants signed, with a key that it trusts", async () => {
      const secret = (
        await promisify(execFile)("nix", [...commands, "key", "generate-secret", "--key-name", "fleet-1"])
      ).stdout;
      const signingKey = parseSigningKey(secret);
      const toplevel = await addBuilt("signed-on-the-way");
      const untrusted = push(toplevel, { signingKey }, undefined, mallory);
      await assert.rejects(untrusted, /does not trust user mallory, and 1 paths have no signature/);
      const published = `fleet-1:${Buffer.from(secret.split(":")[1] ?? "", "base64").toString("base64", 32)}`;
      await host.ask(
        `echo 'extra-trusted-public-keys = ${published}' >>/etc/nix/nix.conf && systemctl restart nix-daemon`,
      );
      await host.ask(daemonListens);
      assert.equal((await push(toplevel, { signingKey }, undefined, mallory)).backend, "worker");
      await verify(toplevel);
      assert.match(await host.ask(`nix ${commands.join(" ")} path-info --sigs ${toplevel}`), /fleet-1:/);
    });

    it("ends before a byte is sent where a signature is missing, with three ways out", async () => {
      const toplevel = await addBuilt("unsigned");
      await assert.rejects(push(toplevel, {}, undefined, mallory), (error: Error) => {
        assert.match(error.message, /the host does not trust user mallory, and 1 paths have no signature/);
        assert.match(error.message, /found: {4}\/nix\/store\/\S+-unsigned: unsigned\n/);
        assert.match(
          error.message,
          /one of: push as root.*\n.*trusted-users = \[ "mallory" \].*\n.*or sign: `fleet push --sign-with/,
        );
        return true;
      });
      assert.equal(
        await host.ask(`nix-store --check-validity ${toplevel} 2>/dev/null && echo there || echo missing`),
        "missing",
      );
    });
  });

  it("removes nothing that it found there from the collector's reach, and holds what it found while it lasts", async () => {
    const toplevel = await addClosure("held", { small: 10, large: 6 });
    let collected: Promise<string> | undefined;
    await push(toplevel, {}, ({ message }) => {
      if (message.startsWith("serve protocol")) collected ??= host.ask("nix-store --gc 2>&1 | tail -n 1");
    });
    assert.match((await collected) ?? "", /deleted|freed/);
    await verify(toplevel);
  });
});

describe("pushing to a Mac as a user who cannot become root", function () {
  this.timeout(110_000);

  it("goes to the daemon's socket", async () => {
    await using mac = await DeployedHost.start("darwin");
    await prepareUsers(mac);
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, mac.connection({ user: "alice" }), 20, () => undefined, "sudo");
    const toplevel = await addBuilt("for-a-mac");
    const { backend, through } = await pushClosure(
      session,
      toplevel,
      { deadlineSeconds: 90 },
      () => undefined,
      patience(),
    );
    assert.deepEqual([backend, through], ["worker", "socket"]);
    await mac.ask(`nix-store --verify-path ${toplevel}`);
  });
});

/** A path that was built: its name says nothing of its content. */
async function addBuilt(name: string): Promise<StorePath> {
  const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${name} >$out" ]; }`;
  const args = ["build", "--no-link", "--print-out-paths", "--impure", "--expr", expression];
  return parseStorePath((await runNix(args, { signal: patience() })).trim());
}

const commands = ["--extra-experimental-features", "nix-command"];
const daemonListens = `until nix ${commands.join(" ")} store ping --store daemon >/dev/null 2>&1; do sleep 0.05; done`;

/** A daemon, alice whom it trusts and mallory whom it does not; neither becomes root. */
async function prepareUsers(target: DeployedHost): Promise<void> {
  await target.ask(
    `for user in alice mallory; do
       useradd --create-home --shell /bin/sh $user && mkdir -m 700 /home/$user/.ssh
       cat /root/.ssh/authorized_keys >/home/$user/.ssh/authorized_keys
       chown -R $user: /home/$user
     done
     echo 'trusted-users = root alice' >>/etc/nix/nix.conf
     printf '[Service]\nExecStart=/bin/sh -lc "exec nix-daemon"\n' >/run/systemd/system/nix-daemon.service
     systemctl start nix-daemon && until [ -S /nix/var/nix/daemon-socket/socket ]; do sleep 0.05; done`,
  );
}

/** Those that speak with a client, not the one that listens. */
const killWorkers = `main=$(systemctl show --property=MainPID --value nix-daemon)
for p in /proc/[0-9]*; do case $(cat "$p/comm" 2>/dev/null) in nix-daemon) [ "\${p#/proc/}" = "$main" ] || kill -9 "\${p#/proc/}" ;; esac; done; true`;

/** Every process that receives, and the one that holds. */
const killReceivers = `for p in /proc/[0-9]*; do case $(cat "$p/comm" 2>/dev/null) in nix-store) kill -9 "\${p#/proc/}" ;; esac; done; true`;
