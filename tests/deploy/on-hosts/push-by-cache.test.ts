import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import type { CacheSettings } from "../../../deploy/store/cache/cache-settings.ts";
import { pushByCache } from "../../../deploy/store/cache/push-by-cache.ts";
import type { PushResult } from "../../../deploy/store/push-closure.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { operatorAddress } from "../../../sim/hosts/host-spec.ts";
import { type ObjectStore, startObjectStore } from "../../e2e/support/object-store.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

/** The files of a folder, by their names alone. */
async function showFolder(root: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(({ url = "" }, response) => {
    readFile(join(root, new URL(url, "http://cache").pathname)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, operatorAddress);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("systems that come from a binary cache", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let bucket: ObjectStore;
  let folder: string;
  let cache: CacheSettings;
  before(async () => {
    host = await DeployedHost.start("nixos");
    bucket = await startObjectStore(operatorAddress);
    folder = await mkdtemp(join(tmpdir(), "cache-keys-"));
    const url = `http://${operatorAddress}:${bucket.port}/state`;
    cache = { to: `${url}?secret-key=${join(folder, "fleet")}&compression=zstd`, publicKey: await makeKey("fleet") };
  });
  after(async () => {
    await bucket[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns the public half. */
  async function makeKey(file: string): Promise<string> {
    const secret = await runNix(["key", "generate-secret", "--key-name", "fleet-1"], { signal: patience() });
    await writeFile(join(folder, file), secret, { mode: 0o600 });
    return (await runNix(["key", "convert-secret-to-public"], { signal: patience(), stdin: secret })).trim();
  }

  /** Built, and so without a name that vouches for its content: a top that refers to another path. */
  async function build(name: string): Promise<StorePath> {
    const derivation = (text: string): string =>
      `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${text} >$out" ]; }`;
    const args = [
      "build",
      "--no-link",
      "--print-out-paths",
      "--impure",
      "--expr",
      derivation(`\${${derivation("low")}}`),
    ];
    return parseStorePath((await runNix(args, { signal: patience() })).trim());
  }

  async function push(toplevel: StorePath, changes: Partial<CacheSettings> = {}): Promise<PushResult> {
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, host.connection({}), 20, () => undefined);
    const request = { toplevel, cache: { ...cache, ...changes }, deadlineSeconds: 60 };
    return await pushByCache(session, request, () => undefined, patience());
  }

  const stored = async (toplevel: StorePath): Promise<boolean> => {
    const objects = [...(await bucket.contents()).keys()];
    return objects.some((object) => object.includes(`${toplevel.slice(11, 43)}.narinfo`));
  };

  it("are refused before anything is sent by a host that does not trust the cache's key", async () => {
    const toplevel = await build("not-trusted");
    await assert.rejects(push(toplevel), {
      code: "FLEET_PUSH",
      message:
        /the host does not trust the cache[\s\S]*expected: fleet-1:\S+ among its trusted-public-keys[\s\S]*policy\.cache: null/,
    });
    assert.equal(await stored(toplevel), false);
  });

  describe("whose key the host trusts", () => {
    before(() => host.ask(`echo 'extra-trusted-public-keys = ${cache.publicKey}' >>/etc/nix/nix.conf`));

    it("are fetched by the host itself, and only activated over SSH", async () => {
      const system = await host.system({ name: "from-cache" });
      const said: string[] = [];
      const onEvent = ({ message }: { message: string }): void => void said.push(message);
      const outcome = await host.deploy(system, { policy: { cache }, onEvent });
      assert.deepEqual([outcome.kind, outcome.facts.pushedPaths], ["switched", 1]);
      assert.equal((await host.witness()).current, system);
      assert.equal(await stored(system), true);
      assert.ok(said.includes(`fetching from http://${operatorAddress}:${bucket.port}/state`), said.join("\n"));
    });

    it("are fetched with all that they refer to, once, each path with the cache's signature", async () => {
      const toplevel = await build("signed");
      const { paths, backend } = await push(toplevel);
      assert.deepEqual([paths, backend], [2, "cache"]);
      await host.ask(`nix-store --verify-path $(nix-store --query --requisites ${toplevel})`);
      const nix = "nix --extra-experimental-features nix-command";
      assert.match(await host.ask(`${nix} path-info --sigs ${toplevel}`), /\tfleet-1:/);
      assert.equal((await push(toplevel)).backend, "none");
    });

    it("come from a folder that Nix writes and a web server shows, as from a server that takes them", async () => {
      const toplevel = await build("folder");
      const shown = join(folder, "shown");
      await using server = await showFolder(shown);
      const to = `file://${shown}?secret-key=${join(folder, "fleet")}`;
      const from = `http://${operatorAddress}:${server.port}`;
      const { paths, backend } = await push(toplevel, { to, from });
      assert.deepEqual([paths, backend], [2, "cache"]);
      await host.ask(`nix-store --verify-path $(nix-store --query --requisites ${toplevel})`);
      assert.equal(await stored(toplevel), false, "the bucket has nothing of it");
    });

    it("are looked for again where the host has not found them a moment ago", async () => {
      const toplevel = await build("looked-for");
      const url = `http://${operatorAddress}:${bucket.port}/state`;
      await host.ask(`nix-store --realise ${toplevel} --option substituters ${url} 2>&1 || true`);
      assert.equal((await push(toplevel)).paths, 2);
    });

    it("are refused before anything is sent when nothing signs them, or another key", async () => {
      const toplevel = await build("unsigned");
      const to = `http://${operatorAddress}:${bucket.port}/state`;
      await assert.rejects(push(toplevel, { to }), {
        message: /2 paths for the cache have no signature that the host accepts/,
      });
      await makeKey("other");
      const other = `${to}?secret-key=${join(folder, "other")}`;
      await assert.rejects(push(toplevel, { to: other }), { message: /found: {4}another key of the name fleet-1/ });
      assert.equal(await stored(toplevel), false);
    });

    it("are not there, says who asked, when the cache is away from here or from the host", async () => {
      const toplevel = await build("away");
      const nobody = `http://${operatorAddress}:1/state`;
      const to = `${nobody}?secret-key=${join(folder, "fleet")}`;
      await assert.rejects(push(toplevel, { to }), { code: "FLEET_PUSH", message: /could not be copied to the cache/ });
      await assert.rejects(push(toplevel, { from: nobody }), {
        code: "FLEET_PUSH",
        message: /the host could not fetch its system from the cache[\s\S]*policy\.cache: null/,
      });
    });
  });
});
