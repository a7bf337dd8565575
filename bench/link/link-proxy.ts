import { createServer, type Server, Socket } from "node:net";
import type { EmulatedLink } from "./link-profile.ts";
import { OneWay, type Wire } from "./one-way.ts";
import { Timetable } from "./timetable.ts";

export interface LinkProxy extends AsyncDisposable {
  readonly port: number;
}

/**
 * Stands between a client and `target` as a link with a round trip and a rate would: every connection costs a round trip to
 * open, starts slowly and has a window; the rate is shared. Not as on a real link: no losses, no reordering, no delayed
 * acknowledgements, and Nagle's algorithm ends at the proxy. docs/performance.md says what that means for the figures.
 */
export async function startLinkProxy(
  link: EmulatedLink,
  target: { readonly host: string; readonly port: number },
): Promise<LinkProxy> {
  const timetable = new Timetable();
  const wires: readonly [Wire, Wire] = [{ freeAtMs: 0 }, { freeAtMs: 0 }];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const oneWayMs = link.roundTripMs / 2;
    const accepted = timetable.now();
    const upstream = new Socket({ allowHalfOpen: true });
    const there = new OneWay(link, timetable, wires[0], client, upstream);
    const back = new OneWay(link, timetable, wires[1], upstream, client);
    // The client may send once the answer to its first packet is there, the server once it has the answer to that.
    timetable.at(accepted + 2 * oneWayMs, () => there.open());
    timetable.at(accepted + 3 * oneWayMs, () => {
      if (!upstream.destroyed) upstream.setNoDelay(true).connect(target.port, target.host, () => back.open());
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => timetable.at(timetable.now() + oneWayMs, () => other.destroy()));
      socket.on("close", () => sockets.delete(socket));
    }
  });
  const port = await listen(server);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      timetable[Symbol.dispose]();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}

function listen(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address === null || typeof address === "string") reject(new TypeError("no port"));
    else resolve(address.port);
  });
  return promise;
}
