import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, it } from "mocha";
import type { SshHost } from "../../../deploy/ssh/ssh-host.ts";
import { FurtherChannels } from "../../../deploy/store/further-channels.ts";
import type { PathChannel } from "../../../deploy/store/path-channel.ts";
import { ReceiverProcess } from "../../../deploy/store/receiver-process.ts";
import { ServeChannel } from "../../../deploy/store/serve-channel.ts";
import { patience } from "../support/signals.ts";
import { startTestServer } from "../support/ssh-server.ts";

const two = { backEnd: "ssh2", connections: 2, channels: 1, handsOver: false, reason: "of this test" } as const;
const ignore = (): void => undefined;
const openOn = async (host: SshHost, scope: AbortSignal): Promise<PathChannel> =>
  ServeChannel.greet(await ReceiverProcess.start(host, "none", { kind: "direct", argv: ["cat"] }, scope));

describe("connections that help a push", function () {
  this.timeout(60_000);

  it("are those that were begun ahead, and are closed at the end, needed or not", async () => {
    await using server = await startTestServer();
    {
      await using others = new FurtherChannels(server.spec(), ignore);
      others.begin(two, patience());
      others.begin({ ...two, connections: 1 }, patience());
      const channels = await Promise.all(others.help(two, openOn).open(patience(), new AbortController().signal));
      assert.equal(channels.filter((channel) => channel !== undefined).length, 2);
      assert.equal(others.count, 2);
      for (const channel of channels) await channel?.[Symbol.asyncDispose]();
    }
    await server.untilIdle(patience());
  });

  it("are not waited for when everything is on its way, though they were begun", async () => {
    await using server = await startTestServer();
    const sockets = new Set<Socket>();
    // Takes connections and never says a word.
    const silent = createServer((socket) => void sockets.add(socket.on("error", ignore))).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert.ok(address !== null && typeof address === "object");
    try {
      await using others = new FurtherChannels(server.spec({ port: address.port }), ignore);
      others.begin(two, patience());
      const enough = new AbortController();
      const opening = others.help(two, openOn).open(patience(), enough.signal);
      enough.abort();
      assert.deepEqual(await Promise.all(opening), [undefined, undefined]);
      assert.equal(others.count, 0);
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});
