import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectSocket, createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";

export interface KeyPair {
  readonly private: string;
  /** `<type> <base64>`. */
  readonly public: string;
}

export function makeKey(type: "ed25519" | "rsa" = "ed25519"): KeyPair {
  const pair =
    type === "rsa" ? ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }) : ssh2.utils.generateKeyPairSync("ed25519");
  // ssh2 1.17 writes one of some hundred keys so that it cannot read it again.
  if (ssh2.utils.parseKey(pair.private) instanceof Error) return makeKey(type);
  return { private: pair.private, public: pair.public.split(" ").slice(0, 2).join(" ") };
}

export interface TestServerOptions {
  readonly hostKeys?: readonly KeyPair[];
  /** What happens for an exec request; default: the line goes to the local /bin/sh. */
  /** Dials where clients ask it to, as a jump host does; what it dialled is in `forwarded`. */
  readonly forwards?: boolean;
  readonly onExec?: (line: string, channel: ServerChannel, connection: Connection) => void;
}

/** An SSH server in this process that accepts one key, and remembers what it saw. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly hostKeys: readonly KeyPair[];
  /** Methods that clients tried, in order, as `publickey root`. */
  readonly authentications: string[];
  readonly connections: number;
  /** `host:port` of every stream that it forwarded. */
  readonly forwarded: readonly string[];
  /** A spec that reaches it and knows its keys. */
  spec(changes?: Partial<Record<keyof ConnectionSpec, unknown>>): ConnectionSpec;
  /** Resolves when no connection is open. */
  untilIdle(signal: AbortSignal): Promise<void>;
  /** Cuts every connection's wire without a word. */
  cut(): void;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const hostKeys = options.hostKeys ?? [makeKey()];
  const operator = makeKey();
  const folder = await mkdtemp(join(tmpdir(), "ssh-server-"));
  const identityFile = join(folder, "id");
  await writeFile(identityFile, operator.private, { mode: 0o600 });
  const authentications: string[] = [];
  const forwarded: string[] = [];
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  const server = new ssh2.Server({ hostKeys: hostKeys.map((key) => key.private) }, (connection) => {
    connection.on("error", () => connection.end());
    acceptKey(connection, operator, authentications);
    connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
      if (options.forwards !== true) return reject();
      forwarded.push(`${destIP}:${destPort}`);
      forwardTo(destIP, destPort, accept, reject);
    });
    connection.on("openssh.streamlocal", (accept, _reject, { socketPath }) => {
      const channel = accept();
      const socket = connectSocket({ path: socketPath });
      channel.on("error", () => socket.destroy()).once("close", () => socket.destroy());
      socket.on("error", () => channel.close());
      socket.pipe(channel).pipe(socket);
    });
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        channel.on("error", () => channel.close());
        // The OpenSSH back end's connection lives as long as a command of its own.
        const holdsConnection = command.includes("pulumi-clan is connected");
        if (options.onExec === undefined || holdsConnection) children.add(runLocally(command, channel));
        else options.onExec(command, channel, connection);
      });
    });
  });
  const front = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    server.injectSocket(socket);
  });
  const port = await listen(front);
  let connections = 0;
  front.on("connection", () => {
    connections += 1;
  });
  const cut = (): void => sockets.forEach((socket) => void socket.destroy());
  return {
    port,
    hostKeys,
    authentications,
    forwarded,
    get connections() {
      return connections;
    },
    spec: (changes = {}) =>
      connectionSpecSchema.parse({
        machine: "galena",
        address: "127.0.0.1",
        port,
        identityFiles: [identityFile],
        hostKeys: hostKeys.map((key) => ({ key: key.public, source: "vars/galena" })),
        connectDeadlineSeconds: 5,
        ...changes,
      }),
    cut,
    untilIdle: async (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const check = (): void => void (sockets.size === 0 && resolve());
      for (const socket of sockets) socket.once("close", check); // after the listener that removes it
      check();
      await promise;
    },
    async [Symbol.asyncDispose]() {
      cut();
      for (const child of children) killGroup(child);
      front.close();
      await once(front, "close");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function acceptKey(connection: Connection, operator: KeyPair, seen: string[]): void {
  const known = ssh2.utils.parseKey(operator.public);
  if (known instanceof Error) throw known;
  connection.on("authentication", (context) => {
    seen.push(`${context.method} ${context.username}`);
    if (context.method !== "publickey") return context.reject(["publickey"]);
    if (!context.key.data.equals(Array.isArray(known) ? Buffer.alloc(0) : known.getPublicSSH()))
      return context.reject(["publickey"]);
    context.accept();
  });
}

function forwardTo(host: string, port: number, accept: () => ServerChannel, reject: () => void): void {
  const socket = connectSocket({ host, port });
  socket.once("error", reject).once("connect", () => {
    socket.removeListener("error", reject).on("error", () => channel.close());
    const channel = accept();
    channel.on("error", () => socket.destroy()).once("close", () => socket.destroy());
    socket.pipe(channel).pipe(socket);
  });
}

function runLocally(command: string, channel: ServerChannel): ChildProcess {
  const child = spawn("/bin/sh", ["-c", command], { stdio: "pipe", detached: true });
  channel.pipe(child.stdin);
  child.stdin.on("error", () => channel.unpipe());
  child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  child.once("close", (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
  return child;
}

/** The shell and what it started: a `sleep` would hold the pipes, and with them this process. */
function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, "SIGKILL");
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return address.port;
}
