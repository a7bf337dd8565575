import { createServer, type Server as NetServer, type Socket } from "node:net";
import ssh2, { type Connection, type PublicKeyAuthContext, type ServerChannel } from "ssh2";
import type { StubHost } from "./stub-host.ts";

/** A host's end of SSH on a port of the loopback interface. */
export class SshPort implements AsyncDisposable {
  readonly port: number;
  readonly #server: NetServer;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(port: number, server: NetServer, sockets: ReadonlySet<Socket>) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** @param hostKey - OpenSSH's private format. @param user - the only key that may log in. @param port - 0: any that is free. */
  static async open(host: StubHost, hostKey: string, user: ssh2.ParsedKey, port: number): Promise<SshPort> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      host.clock.activity.connections += 1;
      if (host.fault === "silent") socket.on("error", () => undefined).resume();
      else {
        // One of its own: so it is known which socket a connection has.
        const ssh = new ssh2.Server({ hostKeys: [hostKey] });
        ssh.on("connection", (connection) => serve(connection, host, user, () => socket.destroy()));
        ssh.injectSocket(socket);
      }
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject).listen({ host: "127.0.0.1", port, backlog: 511 }, resolve);
    await promise;
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a port of the loopback interface");
    return new SshPort(address.port, server, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}

function serve(connection: Connection, host: StubHost, user: ssh2.ParsedKey, hangUp: () => void): void {
  const gone = new AbortController();
  connection.on("error", () => undefined); // the operator went away: "close" follows
  connection.once("close", () => gone.abort(new Error("the connection is gone")));
  connection.on("authentication", (context) => {
    if (context.method === "publickey" && isBy(user, context)) context.accept();
    else context.reject(["publickey"]);
  });
  connection.on("session", (accept) => {
    accept().on("exec", (acceptExec, _reject, { command }) => {
      const channel: ServerChannel = acceptExec();
      const ended = new AbortController();
      channel.on("error", () => undefined); // as of the connection
      channel.once("close", () => ended.abort(new Error("the channel is closed")));
      void host.run(command, channel, hangUp, AbortSignal.any([gone.signal, ended.signal]));
    });
  });
}

function isBy(user: ssh2.ParsedKey, { key, signature, blob, hashAlgo }: PublicKeyAuthContext): boolean {
  if (!key.data.equals(user.getPublicSSH())) return false;
  return signature === undefined || (blob !== undefined && user.verify(blob, signature, hashAlgo) === true);
}
