import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it } from "mocha";
import { startCuttableWay } from "../../acceptance/cuttable-way.ts";
import { connectionSpecSchema } from "../../deploy/ssh/connection-spec.ts";

describe("a way that can be cut", () => {
  it("carries bytes both ways, cuts what is open, and lets new connections through", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // a TCP server's address
    try {
      await using way = await startCuttableWay(
        connectionSpecSchema.parse({ machine: "m", address: "127.0.0.1", port }),
      );
      const first = connect({ host: way.address, port: way.port });
      first.write("hello");
      assert.equal(String((await once(first, "data"))[0]), "hello");
      const cut = once(first, "error");
      assert.equal(way.cut(), 1);
      assert.match(String((await cut)[0]), /ECONNRESET/);
      assert.equal(way.opened, 0);
      const second = connect({ host: way.address, port: way.port });
      second.write("again");
      assert.equal(String((await once(second, "data"))[0]), "again");
      assert.equal(way.opened, 1);
      second.destroy();
    } finally {
      server.close();
    }
  });
});
