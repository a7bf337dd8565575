import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { addClosure, closureOf } from "../store/support/closures.ts";
import { DeployedHost } from "../support/deployed-host.ts";
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
    user = "root",
  ): Promise<PushResult> {
    await using pool = new ConnectionPool();
    const elevation = user === "root" ? "none" : "sudo";
    const session = new HostSession(pool, host.connection({ user }), 20, onEvent, elevation);
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
    const options = { deadlineSeconds: 90, compress: "always" } as const;
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
        await lock.othersAreThere();
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
    await lock.othersAreThere();
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
    before(async () => {
      await host.ask(
        `for user in alice mallory; do
           useradd --create-home --shell /bin/sh $user && mkdir -m 700 /home/$user/.ssh
           cat /root/.ssh/authorized_keys >/home/$user/.ssh/authorized_keys
           chown -R $user: /home/$user
         done
         echo 'trusted-users = root alice' >>/etc/nix/nix.conf
         systemd-run --quiet --unit=nix-daemon nix-daemon && until [ -S /nix/var/nix/daemon-socket/socket ]; do sleep 0.05; done`,
      );
    });

    it("goes through the daemon, which trusts some", async () => {
      const toplevel = await addBuilt("by-alice");
      const { backend, paths } = await push(toplevel, {}, undefined, "alice");
      assert.deepEqual([backend, paths], ["worker", 1]);
      await verify(toplevel);
    });

    it("needs no signature for what its name vouches for", async () => {
      const toplevel = await addClosure("by-mallory", { small: 3, large: 1 });
      assert.equal((await push(toplevel, {}, undefined, "mallory")).backend, "worker");
      await verify(toplevel);
    });

    it("ends before a byte is sent where a signature is missing, with three ways out", async () => {
      const toplevel = await addBuilt("unsigned");
      await assert.rejects(push(toplevel, {}, undefined, "mallory"), (error: Error) => {
        assert.match(error.message, /the host does not trust user mallory, and 1 paths have no signature/);
        assert.match(error.message, /found: {4}\/nix\/store\/\S+-unsigned: unsigned\n/);
        assert.match(
          error.message,
          /one of: push as root.*\n.*trusted-users = \[ "mallory" \].*\n.*or sign: nix store sign/,
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

/** A path that was built: its name says nothing of its content. */
async function addBuilt(name: string): Promise<StorePath> {
  const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${name} >$out" ]; }`;
  const args = ["build", "--no-link", "--print-out-paths", "--impure", "--expr", expression];
  return parseStorePath((await runNix(args, { signal: patience() })).trim());
}

/** Every process that receives, and the one that holds. */
const killReceivers = `for p in /proc/[0-9]*; do case $(cat "$p/comm" 2>/dev/null) in nix-store) kill -9 "\${p#/proc/}" ;; esac; done; true`;

/** Nix' own lock on a path, as a builder has it: no clock decides how far a push is when something happens to it. */
async function holdPath(host: DeployedHost, toplevel: StorePath) {
  const [held, free] = [`/run/held-${toplevel.slice(11, 43)}`, `/run/free-${toplevel.slice(11, 43)}`];
  const script = `touch ${held}; until [ -e ${free} ]; do sleep 0.05; done`;
  const holder = host.ask(`flock ${toplevel}.lock sh -c '${script}'`);
  await host.ask(`until [ -e ${held} ]; do sleep 0.05; done`);
  const release = async (): Promise<void> => {
    await host.ask(`touch ${free}`);
    await holder;
  };
  return {
    release,
    async othersAreThere(): Promise<void> {
      const others = (await closureOf(toplevel)).filter((path) => path !== toplevel);
      await host.ask(`until nix-store --check-validity ${others.join(" ")} 2>/dev/null; do sleep 0.05; done`);
    },
    [Symbol.asyncDispose]: release,
  };
}
