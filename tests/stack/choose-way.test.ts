import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { parseHostKey } from "../../deploy/ssh/host-key.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { chooseWay, isDeployedTo } from "../../stack/choose-way.ts";
import type { Way } from "../../stack/delivery.ts";
import { makeKey, startTestServer, type TestServer } from "../deploy/support/ssh-server.ts";

const atNode = "root@192.0.2.14";

describe("a machine on a node that is declared elsewhere, too", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const declared = (changes: Partial<Way> = {}): Way => {
    const { port, hostKeys, identityFiles } = server.spec();
    const targetHost = `root@galena.zt:${port}`;
    return {
      ...{ machine: "galena", targetHost, address: "127.0.0.1", identityFiles, connectDeadlineSeconds: 60 },
      hostKeys: hostKeys.map(({ key }) => ({ key, source: "vars" })),
      jumpHosts: [],
      ...changes,
    };
  };
  const choose = (way: Way, isDeployed = true) =>
    chooseWay({ declared: way, atNode, isDeployed }, AbortSignal.timeout(60_000));
  const own = `${atNode}, its node's own address; `;

  it("is dialled there when that answers with the pinned key, and both are said", async () => {
    const way = declared();
    const { targetHost } = way;
    assert.deepEqual(await choose(way), {
      targetHost,
      address: "127.0.0.1",
      why: `${targetHost} (127.0.0.1), which answers with the pinned key; its node's own address is 192.0.2.14`,
      isAlarming: false,
    });
  });

  it("is not asked for there before this stack has deployed to the VM: who answers is another host", async () => {
    const { connections } = server;
    const { targetHost, address, why } = await choose(declared(), false);
    assert.deepEqual([targetHost, address], [atNode, undefined]);
    assert.match(why, /is asked once a deployment to this VM has ended well$/);
    assert.equal(server.connections, connections);
  });

  it("is dialled at the node while the declared name does not answer, or does not resolve", async () => {
    const silent = await choose(declared({ targetHost: "root@galena.zt:1" }));
    assert.equal(silent.targetHost, atNode);
    assert.match(
      silent.why,
      /^root@192\.0\.2\.14, its node's own address; root@galena\.zt:1 \(127\.0\.0\.1\): .*refused/i,
    );
    assert.equal(silent.isAlarming, false);
    const { address: _none, ...named } = declared({ targetHost: "root@galena.invalid" });
    assert.equal((await choose(named)).targetHost, atNode);
  });

  it("raises the alarm when another key answers there, and takes none on first use", async () => {
    const key = parseHostKey(makeKey().public);
    const other = await choose(declared({ hostKeys: [{ key, source: "vars" }] }));
    assert.deepEqual([other.targetHost, other.isAlarming], [atNode, true]);
    assert.match(other.why, /the host key is not the pinned one$/);
    const unknown = await choose(declared({ hostKeys: [], hostKeyPolicy: "accept-new" }));
    assert.equal(unknown.targetHost, atNode);
  });

  it("is dialled at the node where the declared host is the node, without asking twice", async () => {
    const { connections } = server;
    const { why } = await choose(declared({ targetHost: "root@galena.zt", address: "192.0.2.14" }));
    assert.equal(why, `${own}root@galena.zt (192.0.2.14) is the same`);
    assert.equal(server.connections, connections);
  });

  it("is dialled at the node where the declared name is none, which is said", async () => {
    const { targetHost, why } = await choose(declared({ targetHost: "root@galena.zt?ProxyJump=a" }));
    assert.equal(targetHost, atNode);
    assert.match(why, /has options of SSH behind the host/);
  });
});

describe("a VM to which a stack has deployed", () => {
  const running = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system");
  const known = { instanceId: "4711", running, outcome: "switched", targetHost: atNode };
  const isDeployed = (changes: Partial<Parameters<typeof isDeployedTo>[1]>) =>
    isDeployedTo("4711", { ...known, ...changes }, "root@galena.zt");

  it("is the one that the state names, with a deployment that ended well", () => {
    assert.equal(isDeployed({}), true);
    assert.equal(isDeployed({ instanceId: "4710" }), false, "it was made anew");
    assert.equal(isDeployed({ instanceId: undefined }), false, "the machine was somewhere else, or an older release");
    assert.equal(isDeployed({ running: null }), false);
    assert.equal(isDeployedTo("4711", undefined, "root@galena.zt"), false);
  });

  it("is not one where the first deployment failed; a later one that failed where it is declared changes nothing", () => {
    assert.equal(isDeployed({ outcome: "rolled-back" }), false);
    assert.equal(isDeployed({ outcome: "unreachable", targetHost: "root@galena.zt" }), true);
  });
});
