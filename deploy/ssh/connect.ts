import { connect as connectSocket, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type CipherAlgorithm, Client, type ConnectConfig } from "ssh2";
import type { Report } from "../../report.ts";
import { AuthenticationError, HostUnreachableError } from "../errors.ts";
import { type Authentication, readAuthentication } from "./authentication.ts";
import { authenticationFailed, hostKeyMismatch, hostKeyUnknown, hostUnreachable } from "./connection-errors.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import { type HostKey, hostKeyFromBlob, serverHostKeyAlgorithms } from "./host-key.ts";
import { SshHost } from "./ssh-host.ts";

// AES-GCM first: with ssh2 1.17 chacha20 costs twice the CPU (measured: 2.8 against 5.3 s/GB without its native part).
const ciphers: CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes256-ctr",
  "aes128-ctr",
];

/**
 * Connects and authenticates, trying again with growing pauses while the host may still be booting.
 * @throws {HostKeyMismatchError} @throws {HostKeyUnknownError} before anything is sent, @throws {AuthenticationError}
 * @throws {HostUnreachableError} after `connectDeadlineSeconds`
 */
export async function connect(spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
  const until = performance.now() + spec.connectDeadlineSeconds * 1000;
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectOnce(spec, Math.min(spec.attemptDeadlineSeconds * 1000, until - performance.now()), signal);
    } catch (error) {
      const pause = Math.min(5_000, 250 * 2 ** attempt) * (0.5 + Math.random());
      if (!(error instanceof HostUnreachableError) || performance.now() + pause >= until) throw error;
      const message = `no answer from ${renderAddress(spec)} (${error.reason}), trying again`;
      report({ level: "debug", subject: spec.machine, phase: "connect", message });
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted()); // the caller's reason, not an AbortError
    }
  }
}

/** One attempt. @param deadlineMs - from the first packet to the end of the authentication. */
export async function connectOnce(spec: ConnectionSpec, deadlineMs: number, signal: AbortSignal): Promise<SshHost> {
  signal.throwIfAborted();
  const authentication = await readAuthentication(spec);
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)));
  const scope = AbortSignal.any([signal, deadline]);
  const late = (): Error => hostUnreachable(spec, `no answer within ${(deadlineMs / 1000).toFixed(1)} s`);
  const socket = await openSocket(spec, scope).catch((error: unknown) => {
    signal.throwIfAborted();
    throw deadline.aborted ? late() : hostUnreachable(spec, describe(error), error);
  });
  const client = new Client();
  try {
    // Only now: a host that does not answer is unreachable, whatever keys the operator has.
    if (authentication.methods.length === 0) throw authenticationFailed(spec, authentication);
    const hostKey = await handshake(client, socket, spec, authentication, scope);
    return new SshHost(client, spec, hostKey);
  } catch (error) {
    client.on("error", ignoreLateErrors).destroy();
    socket.destroy();
    signal.throwIfAborted();
    throw deadline.aborted && !(error instanceof AuthenticationError) ? late() : error;
  }
}

/** Own socket: ssh2 never sets TCP_NODELAY, which cost 80 of 130 ms until ready on loopback. */
function openSocket(spec: ConnectionSpec, scope: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectSocket({ host: spec.address, port: spec.port, noDelay: true });
  const onAbort = (): void => {
    socket.destroy();
    reject(scope.reason);
  };
  scope.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", () => resolve(socket)).once("error", reject);
  if (scope.aborted) onAbort();
  return promise.finally(() => {
    scope.removeEventListener("abort", onAbort);
    socket.removeListener("error", reject);
  });
}

/** @returns the key that was shown and is pinned. */
function handshake(
  client: Client,
  socket: Socket,
  spec: ConnectionSpec,
  authentication: Authentication,
  scope: AbortSignal,
): Promise<HostKey> {
  const { promise, resolve, reject } = Promise.withResolvers<HostKey>();
  let shown: HostKey | undefined;
  let refused: Error | undefined;
  const verify = (blob: Buffer): boolean => {
    shown = readKey(blob);
    if (spec.hostKeys.some(({ key }) => key === shown)) return true;
    refused = spec.hostKeys.length === 0 ? hostKeyUnknown(spec, shown) : hostKeyMismatch(spec, shown);
    return false;
  };
  const onAbort = (): void => reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  client.once("ready", () => (shown === undefined ? reject(hostKeyMismatch(spec, undefined)) : resolve(shown)));
  client.on("error", (error) => {
    // A dead agent is no end: ssh2 reports it and goes on with the next method.
    if ("level" in error && error.level === "agent") return;
    reject(refused ?? explain(error, spec, authentication));
  });
  client.once("close", () =>
    reject(refused ?? hostUnreachable(spec, "the connection was closed during the handshake")),
  );
  client.connect(clientConfig(socket, spec, authentication, verify));
  if (scope.aborted) onAbort();
  return promise.finally(() => scope.removeEventListener("abort", onAbort));
}

function clientConfig(
  sock: Socket,
  spec: ConnectionSpec,
  { methods }: Authentication,
  hostVerifier: (blob: Buffer) => boolean,
): ConnectConfig {
  return {
    sock,
    username: spec.user,
    // Explicit, so that ssh2 neither asks with `none` first (one round trip) nor ever offers a password.
    authHandler: [...methods],
    hostVerifier,
    algorithms: { cipher: ciphers, serverHostKey: serverHostKeyAlgorithms(spec.hostKeys.map(({ key }) => key)) },
    // Off by default in ssh2 1.17: a connection into a black hole was then not noticed at all.
    keepaliveInterval: spec.keepaliveSeconds * 1000,
    keepaliveCountMax: 3,
    readyTimeout: 0, // our own deadline covers the socket, too
  };
}

function explain(error: Error & { readonly level?: string }, spec: ConnectionSpec, tried: Authentication): Error {
  if (error.level === "client-authentication") return authenticationFailed(spec, tried);
  // ssh2 1.17, protocol/kex.js: the server has no key of a type that we offered, and we offer the pinned ones.
  if (/no matching host key format/i.test(error.message)) return hostKeyMismatch(spec, undefined);
  return hostUnreachable(spec, describe(error), error);
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
