import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { largeClosure, mixedClosures, type SyntheticClosure } from "../../../bench/synthetic/closures.ts";
import { addClosure, removeClosures } from "../../../bench/synthetic/operator-store.ts";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { runCommand } from "../../../sim/hosts/run-command.ts";
import { cuttingProxy } from "../store/support/cutting-proxy.ts";
import { patience } from "../support/signals.ts";
import { RootReceiver, receiverRoot } from "./receiver-root.ts";

// Another run beside this one must not find its paths removed.
const label = `receivers-${randomBytes(4).toString("hex")}`;
const sizes = { present: 30, missing: { small: 20, large: [2_000_000] } };
const { before: first, after: second } = mixedClosures(sizes, label);
const large = largeClosure([3_000_000, 1_000_000], `${label}-large`);

/** Debian's Nix of each suite. */
const receivers = [
  { suite: "bookworm", version: /\b2\.8\./, port: 2208 },
  { suite: "trixie", version: /\b2\.26\./, port: 2226 },
  { suite: "sid", version: /\b2\.\d+\./, port: 2234 },
] as const;

describe("receivers of other Nix versions", () => {
  before(async function () {
    this.timeout(120_000);
    for (const closure of [first, second, large]) await addClosure(closure, patience());
  });
  after(async function () {
    this.timeout(120_000);
    await removeClosures([second, first, large], patience());
  });

  for (const { suite, version, port } of receivers) {
    const root = receiverRoot(suite);
    const why = root === undefined ? ` (skipped: no such root; node scripts/make-receivers.ts ${suite})` : "";
    describe(`Nix of Debian ${suite}${why}`, () => {
      let receiver: RootReceiver;
      before(async function () {
        this.timeout(120_000);
        if (root === undefined) return this.skip();
        receiver = await RootReceiver.start(root, port, patience());
      });
      after(async () => {
        if (root !== undefined) await receiver[Symbol.asyncDispose]();
      });

      const push = async (
        { toplevel }: { readonly toplevel: StorePath },
        more: Partial<PushOptions> = {},
        port: number = receiver.spec.port,
      ): Promise<PushResult> => {
        await using pool = new ConnectionPool();
        const session = new HostSession(pool, { ...receiver.spec, port }, 10, () => undefined);
        return await pushClosure(session, toplevel, { deadlineSeconds: 90, ...more }, () => undefined, patience());
      };
      /** Every path is valid there, and has the contents that its hash says. */
      const verify = async (store: string, { paths }: SyntheticClosure): Promise<void> => {
        await receiver.ask(`nix-store --store '${store}' --verify --check-contents`, patience());
        const valid = await receiver.ask(
          `nix-store --store '${store}' --query --requisites ${paths.map(({ path }) => path).join(" ")}`,
          patience(),
        );
        assert.deepEqual(new Set(valid.trim().split("\n")), new Set<string>(paths.map(({ path }) => path)));
      };

      it("is the version that is meant", async () => {
        assert.match(await receiver.ask("nix-store --version", patience()), version);
      });

      it("takes a closure, then only what the next one has more", async function () {
        this.timeout(120_000);
        const one = await push(first);
        assert.deepEqual([one.paths, one.backend], [first.paths.length, "serve"]);
        const two = await push(second);
        const missing = second.paths.length - first.paths.length + 1;
        assert.deepEqual([two.paths, two.backend], [missing, "serve"]);
        const three = await push(second);
        assert.deepEqual([three.paths, three.backend], [0, "none"]);
      });

      it("takes large paths, compressed", async function () {
        this.timeout(120_000);
        const { paths, backend, compression } = await push(large, { compress: "always" });
        assert.deepEqual([paths, backend, compression], [large.paths.length, "serve", "zstd"]);
      });

      it("finds every byte as its own database says", async function () {
        this.timeout(120_000);
        await receiver.ask("nix-store --verify --check-contents", patience());
        const requisites = await receiver.ask(`nix-store --query --requisites ${second.toplevel}`, patience());
        assert.deepEqual(new Set(requisites.trim().split("\n")), new Set<string>(second.paths.map(({ path }) => path)));
      });

      for (const backend of suite === "bookworm" ? (["serve"] as const) : (["serve", "worker"] as const)) {
        it(`goes on after a cut in every part of a push (${backend})`, async function () {
          this.timeout(120_000);
          // A way that is measured costs more bytes at one time than at another.
          const link = { bytesPerSecond: 1e9, roundTripMs: 1 };
          const measured = await sizeOfPush(
            (port) => push(large, { backend, link, store: `local?root=/tmp/whole-${backend}` }, port),
            receiver.spec.port,
          );
          // In the handshake, the greeting, the first path, the middle, and when everything has been sent.
          for (const [index, cutAfter] of [20, 3_500, ...[0.1, 0.5, 0.999].map((part) => part * measured)].entries()) {
            const store = `local?root=/tmp/cut-${backend}-${index}`;
            await using proxy = await cuttingProxy(receiver.spec.port, Math.floor(cutAfter));
            await push(large, { backend, link, store }, proxy.port);
            assert.equal(proxy.cuts, 1, `cut after ${cutAfter} of ${measured} bytes`);
            await verify(store, large);
          }
        });

        it(`says that the store became full, and completes when there is room (${backend})`, async function () {
          this.timeout(120_000);
          const [folder, store] = [`/tmp/small-${backend}`, `local?root=/tmp/small-${backend}`];
          await receiver.ask(`mkdir -p ${folder} && mount -t tmpfs -o size=2m none ${folder}`, patience());
          try {
            await assert.rejects(push(large, { backend, store }), { code: "FLEET_DISK_SPACE" });
            await receiver.ask(`mount -o remount,size=64m ${folder}`, patience());
            await push(large, { backend, store });
            await verify(store, large);
          } finally {
            await receiver.ask(`umount ${folder}`, patience());
          }
        });

        it(`takes no path that is damaged on the way, and stays valid (${backend})`, async function () {
          this.timeout(60_000);
          const store = `local?root=/tmp/damaged-${backend}`;
          await using damaged = await damagedPath();
          await assert.rejects(push({ toplevel: damaged.path }, { backend, store }), {
            message: new RegExp(`hash mismatch importing path '${damaged.path}'`),
          });
          await receiver.ask(`nix-store --store '${store}' --verify --check-contents`, patience());
          const there = `nix-store --store '${store}' --check-validity ${damaged.path} 2>/dev/null && echo there || echo missing`;
          assert.equal((await receiver.ask(there, patience())).trim(), "missing");
        });

        it(`goes on when the receiver is killed (${backend})`, async function () {
          this.timeout(60_000);
          const store = `local?root=/tmp/killed-${backend}`;
          const program = backend === "serve" ? "nix-store" : "nix-daemon";
          // The toplevel's own lock is held, so that the push stands at its last path when its receivers are killed.
          await using lock = await holdPath(receiver, `/tmp/killed-${backend}${large.toplevel}`);
          const pushed = push(large, { backend, store });
          const others = large.paths.flatMap(({ path }) => (path === large.toplevel ? [] : [path])).join(" ");
          const arrived = `until nix-store --store '${store}' --check-validity ${others} 2>/dev/null; do sleep 0.1; done`;
          await receiver.ask(arrived, patience());
          await receiver.ask(killReceivers(program, store), patience());
          await lock[Symbol.asyncDispose]();
          assert.equal((await pushed).resumed, 1);
          await verify(store, large);
        });
      }
    });
  }
});

/** Bytes that a client sends for a push. */
async function sizeOfPush(push: (port: number) => Promise<unknown>, to: number): Promise<number> {
  await using proxy = await cuttingProxy(to, Number.MAX_SAFE_INTEGER);
  await push(proxy.port);
  return proxy.bytes;
}

/** A path of the operator's store whose contents are no longer what its hash says. */
async function damagedPath(): Promise<AsyncDisposable & { readonly path: StorePath }> {
  const folder = await mkdtemp(join(tmpdir(), "damaged-"));
  const file = join(folder, "damaged");
  await writeFile(file, `${randomBytes(8).toString("hex")} ${"x".repeat(300_000)}`);
  const path = parseStorePath((await runNix(["store", "add", file], { signal: patience() })).trim());
  await chmod(path, 0o644);
  await using handle = await open(path, "r+");
  await handle.write("y", 1_000);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await runCommand("nix-store", ["--delete", path], {}, patience());
      await rm(folder, { recursive: true });
    },
  };
}

/** Nix' own lock on a path, as somebody has it who is adding it. */
async function holdPath(receiver: RootReceiver, path: string): Promise<AsyncDisposable> {
  const [held, free] = [`${path}.held`, `${path}.free`];
  await receiver.ask(`mkdir -p "$(dirname ${path})"`, patience());
  const script = `touch ${held}; until [ -e ${free} ]; do sleep 0.1; done`;
  const holder = receiver.ask(`flock ${path}.lock sh -c '${script}'`, patience());
  await receiver.ask(`until [ -e ${held} ]; do sleep 0.1; done`, patience());
  return {
    [Symbol.asyncDispose]: async () => {
      await receiver.ask(`touch ${free}`, patience());
      await holder;
    },
  };
}

/** Those that receive into this store, and no other process of the machine. */
const killReceivers = (program: string, store: string): string =>
  `for p in /proc/[0-9]*; do case $(cat "$p/comm" 2>/dev/null) in ${program}) grep -qsF '${store}' "$p/cmdline" && kill -9 "\${p#/proc/}" ;; esac; done; true`;
