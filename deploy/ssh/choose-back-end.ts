import { readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import { SshConfigError } from "../errors.ts";
import { type ConnectionSpec, type Endpoint, endpointsOf } from "./connection-spec.ts";
import type { BackEnd } from "./transport.ts";

export interface BackEndChoice {
  readonly backEnd: BackEnd;
  /** Why it is not the default one. */
  readonly reason?: string;
}

/**
 * What ssh2 1.17 cannot do goes to OpenSSH: host and user certificates, security keys, ProxyCommand.
 * @throws {SshConfigError} for a way that the stated one would pass over: dialled directly it may end at another host
 */
export async function chooseBackEnd(spec: ConnectionSpec, signal: AbortSignal): Promise<BackEndChoice> {
  if (spec.backEnd === "ssh2" && spec.proxyCommand !== undefined) throw noProxyCommand(spec, spec.proxyCommand);
  if (spec.backEnd !== "auto") return { backEnd: spec.backEnd, reason: "as the connection says" };
  if (spec.proxyCommand !== undefined) return { backEnd: "openssh", reason: "the way there is a ProxyCommand" };
  for (const end of endpointsOf(spec)) {
    const reason = await needOf(end, signal);
    if (reason !== undefined) return { backEnd: "openssh", reason };
  }
  return { backEnd: "ssh2" };
}

function noProxyCommand({ machine, definedAt, address }: ConnectionSpec, proxyCommand: string): SshConfigError {
  return new SshConfigError({
    summary: `${machine}: the way there is a ProxyCommand, which back end ssh2 does not know`,
    expected: "back end openssh or auto, or another way",
    found: `ProxyCommand ${proxyCommand}`,
    at: definedAt ?? address,
    fix: "leave out `backEnd: ssh2`, or state the way: proxyJump",
  });
}

async function needOf(end: Endpoint, signal: AbortSignal): Promise<string | undefined> {
  const name = end.hop ?? "the host";
  // With a pin the plain key does, which a server with a certificate offers, too.
  if (end.certAuthorities.length > 0 && end.hostKeys.length === 0) return `${name} is known by its certificate alone`;
  for (const file of end.identityFiles) {
    if (await isSecurityKey(file)) return `${file} is a security key`;
    if (await exists(`${file}-cert.pub`)) return `${file} has a certificate`;
  }
  const lent = end.agent === undefined ? undefined : unknownToSsh2(await askAgent(end.agent, signal));
  return lent === undefined ? undefined : `the agent holds ${lent}`;
}

/** In OpenSSH's format the public part is never encrypted. Source: PROTOCOL.key, OpenSSH 9.2. */
async function isSecurityKey(file: string): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => ""); // the authentication says what is wrong with it
  const [, base64 = ""] = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]{1,8192})/.exec(text) ?? [];
  const blob = base64 === "" ? text.slice(0, 8192) : Buffer.from(base64, "base64").toString("latin1");
  return /sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)(?:-cert-v01)?@openssh\.com/.test(blob);
}

function unknownToSsh2(identities: string): string | undefined {
  if (/sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com/.test(identities)) return "a security key";
  return /-cert-v01@openssh\.com/.test(identities) ? "a certificate" : undefined;
}

/** The agent's list of public keys as it is. "" when it does not answer: then it has none for us. Source: draft-miller-ssh-agent, §4.4. */
async function askAgent(socketPath: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const scope = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
  const socket = connect({ path: socketPath });
  let answer = Buffer.alloc(0);
  const done = (): void => resolve(answer.toString("latin1"));
  socket.on("data", (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]);
    if (answer.length > 256 * 1024 || (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0))) done();
  });
  socket.once("error", done).once("close", done);
  scope.addEventListener("abort", done, { once: true });
  socket.write(Buffer.from([0, 0, 0, 1, 11]));
  return promise.finally(() => {
    scope.removeEventListener("abort", done);
    socket.destroy();
  });
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined; // not there, or not ours to see
}
