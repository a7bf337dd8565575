import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { largeClosure, mixedClosures, type SyntheticClosure } from "../../../bench/synthetic/closures.ts";
import { addClosure, removeClosures } from "../../../bench/synthetic/operator-store.ts";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
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

      const push = async ({ toplevel }: SyntheticClosure, more: { compress?: "always" } = {}): Promise<PushResult> => {
        await using pool = new ConnectionPool();
        const session = new HostSession(pool, receiver.spec, 10, () => undefined);
        return await pushClosure(session, toplevel, { deadlineSeconds: 90, ...more }, () => undefined, patience());
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
    });
  }
});
