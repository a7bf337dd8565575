import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type CipherAlgorithm, Client, type ConnectConfig } from "ssh2";
import { type Authentication, readAuthentication } from "./authentication.ts";
import { authenticationFailed, hostKeyMismatch, hostKeyUnknown, hostUnreachable } from "./connection-errors.ts";
import { type ConnectionSpec, type Endpoint, endpointsOf } from "./connection-spec.ts";
import { type HostKey, hostKeyFromBlob, serverHostKeyAlgorithms } from "./host-key.ts";
import { joinWrites } from "./join-writes.ts";
import { SshHost } from "./ssh-host.ts";
import { Ssh2Transport } from "./ssh2-transport.ts";

// AES-GCM first: with ssh2 1.17 chacha20 costs twice the CPU (measured: 2.8 against 5.3 s/GB without its native part).
const ciphers: CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes256-ctr",
  "aes128-ctr",
];

interface Shown {
  readonly key: HostKey;
  readonly isNew: boolean;
}

/**
 * Dials one end after the other, each through the connection to the one before it.
 * @param onEnd - told which end is dialled now, for a deadline's message.
 */
export async function connectSsh2(
  spec: ConnectionSpec,
  onEnd: (end: Endpoint) => void,
  scope: AbortSignal,
): Promise<SshHost> {
  await using failed = new AsyncDisposableStack();
  const way: Client[] = [];
  for (const hop of endpointsOf(spec).slice(0, -1)) {
    onEnd(hop);
    const { client } = await connectEnd(hop, way.at(-1), scope, failed);
    way.push(client);
  }
  onEnd(spec);
  const { client, shown } = await connectEnd(spec, way.at(-1), scope, failed);
  failed.move(); // it stands: from here on the host closes it
  return new SshHost(new Ssh2Transport(client, spec, way), spec, shown.key, shown.isNew);
}

async function connectEnd(end: Endpoint, via: Client | undefined, scope: AbortSignal, failed: AsyncDisposableStack) {
  scope.throwIfAborted();
  const authentication = await readAuthentication(end);
  const socket = await (via === undefined ? openSocket(end, scope) : forward(via, end, scope)).catch(
    (error: unknown) => {
      scope.throwIfAborted();
      throw hostUnreachable(end, describe(error), error);
    },
  );
  const client = new Client();
  failed.defer(() => {
    client.on("error", ignoreLateErrors).destroy();
    socket.destroy();
  });
  // Only now: a host that does not answer is unreachable, whatever keys the operator has.
  if (authentication.methods.length === 0) throw authenticationFailed(end, authentication);
  return { client, shown: await handshake(client, socket, end, authentication, scope) };
}

/** Own socket: ssh2 never sets TCP_NODELAY, which cost 80 of 130 ms until ready on loopback. */
function openSocket({ address, port }: Endpoint, scope: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const socket = connectSocket({ host: address, port, noDelay: true });
  const onAbort = (): void => {
    socket.destroy();
    reject(scope.reason);
  };
  scope.addEventListener("abort", onAbort, { once: true });
  const onConnect = (): void => {
    joinWrites(socket);
    resolve(socket);
  };
  socket.once("connect", onConnect).once("error", reject);
  if (scope.aborted) onAbort();
  return promise.finally(() => {
    scope.removeEventListener("abort", onAbort);
    socket.removeListener("error", reject);
  });
}

/** The jump host dials the next end. */
function forward(via: Client, { address, port }: Endpoint, scope: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const onAbort = (): void => reject(scope.reason);
  const onClose = (): void => reject(new Error("the jump host closed the connection"));
  scope.addEventListener("abort", onAbort, { once: true });
  via.once("close", onClose);
  via.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
    if (error) return reject(new Error(`the jump host cannot reach it: ${error.message}`, { cause: error }));
    if (scope.aborted) channel.close();
    resolve(channel);
  });
  return promise.finally(() => {
    scope.removeEventListener("abort", onAbort);
    via.removeListener("close", onClose);
  });
}

/** @returns the key that was shown, which is pinned unless it is new. */
function handshake(
  client: Client,
  socket: Duplex,
  end: Endpoint,
  authentication: Authentication,
  scope: AbortSignal,
): Promise<Shown> {
  const { promise, resolve, reject } = Promise.withResolvers<Shown>();
  let shown: HostKey | undefined;
  let refused: Error | undefined;
  const verify = (blob: Buffer): boolean => {
    shown = readKey(blob);
    refused = refusalOf(end, shown);
    return refused === undefined;
  };
  const onAbort = (): void => reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  client.once("ready", () => {
    if (shown === undefined) reject(hostKeyMismatch(end, undefined));
    else resolve({ key: shown, isNew: !isPinned(end, shown) });
  });
  client.on("error", (error) => {
    // A dead agent is no end: ssh2 reports it and goes on with the next method.
    if ("level" in error && error.level === "agent") return;
    reject(refused ?? explain(error, end, authentication));
  });
  client.once("close", () => reject(refused ?? hostUnreachable(end, "the connection was closed during the handshake")));
  client.connect(clientConfig(socket, end, authentication, verify));
  if (scope.aborted) onAbort();
  return promise.finally(() => scope.removeEventListener("abort", onAbort));
}

function isPinned({ hostKeys }: Endpoint, shown: HostKey): boolean {
  return hostKeys.some(({ key }) => key === shown);
}

function refusalOf(end: Endpoint, shown: HostKey | undefined): Error | undefined {
  const revoked = end.revokedHostKeys.find(({ key }) => key === shown);
  if (revoked !== undefined) return hostKeyMismatch(end, shown, `revoked (${revoked.source})`);
  if (shown !== undefined && isPinned(end, shown)) return undefined;
  if (end.hostKeys.length > 0 || end.certAuthorities.length > 0) return hostKeyMismatch(end, shown);
  return shown !== undefined && end.hostKeyPolicy === "accept-new" ? undefined : hostKeyUnknown(end, shown);
}

function clientConfig(
  sock: Duplex,
  end: Endpoint,
  { methods }: Authentication,
  hostVerifier: (blob: Buffer) => boolean,
): ConnectConfig {
  return {
    sock,
    username: end.user,
    // Explicit, so that ssh2 neither asks with `none` first (one round trip) nor ever offers a password.
    authHandler: [...methods],
    hostVerifier,
    algorithms: { cipher: ciphers, serverHostKey: serverHostKeyAlgorithms(end.hostKeys.map(({ key }) => key)) },
    // Off by default in ssh2 1.17: a connection into a black hole was then not noticed at all.
    keepaliveInterval: end.keepaliveSeconds * 1000,
    keepaliveCountMax: 3,
    readyTimeout: 0, // our own deadline covers the socket, too
  };
}

function explain(error: Error & { readonly level?: string }, end: Endpoint, tried: Authentication): Error {
  if (error.level === "client-authentication") return authenticationFailed(end, tried);
  // ssh2 1.17, protocol/kex.js: the server has no key of a type that we offered, and we offer the pinned ones.
  if (/no matching host key format/i.test(error.message)) return hostKeyMismatch(end, undefined);
  return hostUnreachable(end, describe(error), error);
}

function readKey(blob: Buffer): HostKey | undefined {
  try {
    return hostKeyFromBlob(blob);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // a type that cannot be pinned: refused like any other key
    throw error;
  }
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("; ");
  // Node adds its own end of the socket, which tells nobody anything.
  return error instanceof Error ? error.message.replace(/ - Local \(.*\)$/, "") : String(error);
}

function ignoreLateErrors(): void {
  // ssh2 may report a socket error after its client was destroyed; without a listener it would end the process.
}
