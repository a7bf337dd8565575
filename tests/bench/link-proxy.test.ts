import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, it } from "mocha";
import { CongestionWindow } from "../../bench/link/congestion-window.ts";
import { startLinkProxy } from "../../bench/link/link-proxy.ts";
import { Timetable } from "../../bench/link/timetable.ts";

const link = { roundTripMs: 40, bytesPerSecond: 12_500_000 } as const;

/** A server that sends back what it gets; its address. */
async function echo(): Promise<AsyncDisposable & { host: string; port: number }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address
  return {
    host: "127.0.0.1",
    port,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

describe("emulated link", () => {
  it("delivers every byte in order, however it was cut, and then the end", async function () {
    this.timeout(20_000);
    await using target = await echo();
    await using proxy = await startLinkProxy({ roundTripMs: 4, bytesPerSecond: 50_000_000 }, target);
    const pieces = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, async (sizes) => {
        const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
        const hash = createHash("sha256");
        for (const size of sizes) {
          const piece = randomBytes(size);
          hash.update(piece);
          client.write(piece);
        }
        client.end();
        const back = createHash("sha256").update(await buffer(client));
        assert.equal(back.digest("hex"), hash.digest("hex"));
      }),
      { numRuns: 15 },
    );
  });

  it("takes two round trips for the first answer, one for each further", async () => {
    await using target = await echo();
    await using proxy = await startLinkProxy(link, target);
    const client = connect({ port: proxy.port, host: "127.0.0.1", noDelay: true });
    const times: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const start = performance.now();
      client.write("x");
      await once(client, "data");
      times.push(performance.now() - start);
    }
    client.destroy();
    const [first = 0, ...others] = times;
    // Never faster than the link: that is what a benchmark must not be. How much slower, the machine's load decides.
    assert.ok(first >= 2 * link.roundTripMs - 1, `${first} ms`);
    for (const time of others) assert.ok(time >= link.roundTripMs - 1, `${time} ms`);
  });

  it("is never faster than its rate", async function () {
    this.timeout(20_000);
    await using target = await echo();
    await using proxy = await startLinkProxy(link, target);
    const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    const start = performance.now();
    const bytes = 2_500_000;
    client.end(randomBytes(bytes));
    assert.equal((await buffer(client)).length, bytes);
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seconds >= bytes / link.bytesPerSecond, `${seconds} s`);
  });

  it("hands on that one end is gone", async () => {
    await using target = await echo();
    await using proxy = await startLinkProxy(link, target);
    const client = connect({ port: proxy.port, host: "127.0.0.1" });
    client.write("x");
    await once(client, "data");
    client.end();
    await once(client, "close");
  });
});

describe("congestion window of the emulated link", () => {
  it("begins with ten segments, grows by what is acknowledged, and begins anew after an idle time", () => {
    const window = new CongestionWindow(link);
    assert.equal(window.room(1), 14_480);
    window.sent(14_480, 1);
    assert.equal(window.room(2), 0);
    window.acknowledged(14_480);
    assert.equal(window.room(41), 28_960);
    assert.equal(window.room(400), 14_480);
  });

  it("never exceeds two bandwidth-delay products", () => {
    const window = new CongestionWindow(link);
    for (let turn = 0; turn < 50; turn++) {
      const room = window.room(turn);
      window.sent(room, turn);
      window.acknowledged(room);
    }
    assert.equal(window.room(50), 1_000_000);
  });
});

describe("timetable", () => {
  it("acts in the order of the times, and of entry at one time", async () => {
    using timetable = new Timetable();
    const done: number[] = [];
    const start = timetable.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    const times = [5, 1, 3, 3, 0, 9, 2, 8, 8, 1];
    times.forEach((time, index) => {
      timetable.at(start + time, () => {
        done.push(index);
        if (done.length === times.length) resolve();
      });
    });
    await promise;
    const sorted = times.map((_, index) => index).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
    assert.deepEqual(done, sorted);
  });
});
