import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A wire to a port of this machine that is cut, once, after so many bytes from the client. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  readonly cuts: number;
  /** Bytes that clients have sent, over all connections. */
  readonly bytes: number;
}

export async function cuttingProxy(to: number, cutAfterBytes: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  let cuts = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: to, host: "127.0.0.1", noDelay: true });
    const ends = [client, upstream];
    const cut = (): void => ends.forEach((socket) => void socket.destroy());
    for (const socket of ends) {
      sockets.add(socket);
      socket.on("error", cut).once("close", cut);
    }
    upstream.pipe(client);
    client.on("data", (chunk) => {
      const room = cutAfterBytes - bytes;
      bytes += chunk.length;
      if (cuts > 0 || bytes < cutAfterBytes) {
        if (!upstream.write(chunk)) client.pause();
        return;
      }
      // A part of the packet still arrives: TCP knows no packets of ours.
      cuts += 1;
      upstream.write(chunk.subarray(0, room), cut);
    });
    upstream.on("drain", () => client.resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return {
    port: address.port,
    get cuts() {
      return cuts;
    },
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => void socket.destroy());
      server.close();
      await once(server, "close");
    },
  };
}
