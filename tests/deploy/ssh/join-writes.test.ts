import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, it } from "mocha";
import ssh2 from "ssh2";
import { joinWrites } from "../../../deploy/ssh/join-writes.ts";
import { startTestServer } from "../support/ssh-server.ts";

const packetBytes = 32 * 1024;

describe("joined writes", () => {
  it("hands on what is written in one turn at once, in order", async () => {
    await using pair = await Pair.open();
    let writes = 0;
    const { _writev } = pair.socket;
    pair.socket._writev = function (...args) {
      writes += 1;
      return _writev?.apply(this, args);
    };
    joinWrites(pair.socket);
    for (const text of ["length", "content", "checksum"]) pair.socket.write(text);
    pair.socket.end();
    assert.equal((await pair.received).toString(), "lengthcontentchecksum");
    assert.equal(writes, 1);
  });

  it("gives the memory of a packet back when it is sent, and what it was encrypted from", async () => {
    await using pair = await Pair.open();
    joinWrites(pair.socket);
    const plain = new Uint8Array(new ArrayBuffer(4 + packetBytes)).fill(1);
    const encrypted = new Uint8Array(new ArrayBuffer(packetBytes)).fill(2);
    pair.socket.write(plain.subarray(0, 4));
    pair.socket.write(encrypted);
    assert.deepEqual([plain.length, encrypted.length], [4 + packetBytes, packetBytes], "not before");
    pair.socket.end();
    assert.deepEqual(await pair.received, Buffer.concat([Buffer.alloc(4, 1), Buffer.alloc(packetBytes, 2)]));
    assert.deepEqual([plain.length, encrypted.length], [0, 0]);
  });

  it("leaves memory alone that may be another's", async () => {
    await using pair = await Pair.open();
    joinWrites(pair.socket);
    const block = Buffer.from(new ArrayBuffer(2 * packetBytes)).fill(3);
    const waitedFor = Buffer.from(new ArrayBuffer(packetBytes)).fill(4);
    const { promise: told, resolve } = Promise.withResolvers<void>();
    pair.socket.write(block.subarray(0, 4));
    pair.socket.write(block.subarray(4, packetBytes));
    pair.socket.write(waitedFor, () => resolve()); // who is told of the end decides himself
    await told;
    assert.deepEqual([block.at(-1), waitedFor.at(-1)], [3, 4]);
    pair.socket.end();
    await pair.received;
  });

  for (const cipher of ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr"] as const) {
    it(`lets ssh2 send with ${cipher} what arrives unchanged, and keeps none of it`, async () => {
      await using server = await startTestServer();
      const socket = connect({ host: "127.0.0.1", port: server.port, noDelay: true });
      await once(socket, "connect");
      const sent: ArrayBufferLike[] = [];
      const { write } = socket;
      socket.write = new Proxy(write, {
        apply: (target, self, args) => {
          const [piece] = args;
          if (piece instanceof Uint8Array && piece.length > packetBytes / 2) sent.push(piece.buffer);
          return Reflect.apply(target, self, args);
        },
      });
      joinWrites(socket);
      const client = new ssh2.Client();
      const { user: username, identityFiles } = server.spec();
      const privateKey = await readFile(identityFiles[0] ?? "");
      client.connect({ sock: socket, username, privateKey, algorithms: { cipher: [cipher] } });
      await once(client, "ready");
      const { promise, resolve, reject } = Promise.withResolvers<ssh2.ClientChannel>();
      client.exec("sha256sum", (error, channel) => (error ? reject(error) : resolve(channel)));
      const channel = await promise;
      const content = randomBytes(3_000_000);
      channel.end(content);
      const digest = createHash("sha256").update(content).digest("hex");
      assert.match((await buffer(channel)).toString(), new RegExp(`^${digest} `));
      client.end();
      await once(client, "close");
      assert.ok(sent.length >= 90, `${sent.length} packets`);
      assert.deepEqual(
        sent.filter(({ byteLength }) => byteLength > 0),
        [],
      );
    });
  }
});

/** Two ends of a TCP connection on this machine. */
class Pair implements AsyncDisposable {
  readonly socket: Socket;
  /** All that came to the other end. */
  readonly received: Promise<Buffer>;
  readonly #close: () => void;

  private constructor(socket: Socket, peer: Socket, close: () => void) {
    this.socket = socket;
    this.received = buffer(peer);
    this.#close = close;
  }

  static async open(): Promise<Pair> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // of a TCP server
    const socket = connect({ host: "127.0.0.1", port });
    const [[peer]] = await Promise.all([once(server, "connection"), once(socket, "connect")]);
    return new Pair(socket, peer, () => server.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    this.#close();
    await this.received;
  }
}
