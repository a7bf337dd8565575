import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";

/** A way to a host that can be cut without the host's or anybody else's connections being touched. */
export interface CuttableWay extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Connections that were made since the last cut. */
  readonly opened: number;
  /** Cuts what is open, without a word; new connections are let through. @returns how many were cut. */
  cut(): number;
}

/** Listens on loopback and forwards to the host. Its key is still the host's: who stands between cannot be taken for it. */
export async function startCuttableWay({ address, port }: ConnectionSpec): Promise<CuttableWay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let opened = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: address, port, noDelay: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    opened++;
    const end = (): void => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.once("error", end).once("close", end);
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new TypeError("no port");
  const cut = (): number => {
    const open = [...pairs];
    opened = 0;
    for (const [client, upstream] of open) {
      client.resetAndDestroy();
      upstream.destroy();
    }
    return open.length;
  };
  return {
    address: listening.address,
    port: listening.port,
    get opened() {
      return opened;
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
