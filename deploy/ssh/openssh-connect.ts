import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OpensshError } from "../errors.ts";
import { readAuthentication } from "./authentication.ts";
import { authenticationFailed, hostKeyMismatch, hostKeyUnknown, hostUnreachable } from "./connection-errors.ts";
import { type ConnectionSpec, type Endpoint, endpointsOf } from "./connection-spec.ts";
import { type HostKey, hostKeyFromCertificate } from "./host-key.ts";
import { isAuthenticated, readFailure } from "./openssh-log.ts";
import { type EndFiles, type OpensshOptions, writeOpensshOptions } from "./openssh-options.ts";
import { OpensshTransport } from "./openssh-transport.ts";
import { SshHost } from "./ssh-host.ts";

const ready = "pulumi-clan is connected";

// With AES instructions a third of chacha20's CPU time on both ends; OpenSSH 9.2 and 10.0 put chacha20 first.
const ciphers = "Ciphers=^aes128-gcm@openssh.com,aes256-gcm@openssh.com";

/**
 * As `connectSsh2`, by OpenSSH's own client: one process holds the connection, and ends with us, however we end.
 * @throws {OpensshError} when there is none, or one older than 8.5.
 */
export async function connectOpenssh(
  spec: ConnectionSpec,
  onEnd: (end: Endpoint) => void,
  scope: AbortSignal,
): Promise<SshHost> {
  await using failed = new AsyncDisposableStack();
  const options = failed.use(await writeOpensshOptions(spec));
  const master = { log: join(options.folder, "log"), control: join(options.folder, "c") };
  // Its command ends with its input, which is ours: no process of ours leaves a connection open behind it.
  const command = `echo ${ready}; exec cat >/dev/null`;
  const args = [...options.args, "-o", ciphers, "-M", "-S", master.control, "-T", "-e", "none", "-v", "-E", master.log];
  const child = spawn("ssh", [...args, "--", spec.machine, command], { stdio: "pipe" });
  failed.defer(() => void child.kill("SIGKILL"));
  try {
    await isReady(child, scope);
  } catch (error) {
    const { end, failure } = await explain(error, spec, options, master.log);
    onEnd(end);
    scope.throwIfAborted();
    throw failure;
  }
  const hostKey = await readShownKey(options.ends.at(-1));
  if (hostKey === undefined) throw tooOld(spec, "it has not told the host's key");
  failed.move(); // it stands: from here on the host closes it
  const isNew = spec.certAuthorities.length === 0 && spec.hostKeys.every(({ key }) => key !== hostKey);
  return new SshHost(new OpensshTransport({ ...master, child }, options, spec), spec, hostKey, isNew);
}

/** Resolves when the first command runs on the host. Its login shell may print what it likes before. */
function isReady(child: ChildProcessWithoutNullStreams, scope: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(scope.reason);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("latin1")).slice(-4_096);
    if (said.includes(ready)) resolve();
  });
  child.stderr.resume();
  child.stdin.on("error", () => undefined); // its end is seen as the process's
  child.once("error", reject);
  child.once("close", (code) => reject(new Error(`ssh ended with ${code}`)));
  scope.addEventListener("abort", onAbort, { once: true });
  if (scope.aborted) onAbort();
  return promise.finally(() => scope.removeEventListener("abort", onAbort));
}

/** The first end whose client did not get in, and why. */
async function explain(cause: unknown, spec: ConnectionSpec, options: OpensshOptions, log: string) {
  const ends = endpointsOf(spec);
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
    return { end: spec, failure: tooOld(spec, "no `ssh` in PATH") };
  for (const [index, end] of ends.entries()) {
    const files = options.ends[index];
    if (files === undefined) continue;
    const text = await readText(end.hop === undefined ? log : files.log);
    if (text !== "" && isAuthenticated(text) && end.hop !== undefined) continue;
    return { end, failure: await failureOf(end, files, text, cause) };
  }
  return { end: spec, failure: hostUnreachable(spec, String(cause), cause) };
}

async function failureOf(end: Endpoint, files: EndFiles, log: string, cause: unknown): Promise<Error> {
  const failure = readFailure(log);
  switch (failure.kind) {
    case "too-old":
      return tooOld(end, failure.said);
    case "authentication":
      return authenticationFailed(end, await readAuthentication(end));
    case "unreachable":
      return hostUnreachable(end, failure.reason, cause);
    case "host-key": {
      const shown = await readShownKey(files);
      const known = end.hostKeys.length + end.certAuthorities.length > 0;
      if (!known && failure.because === undefined) return hostKeyUnknown(end, shown);
      return hostKeyMismatch(end, shown, failure.because);
    }
  }
}

/** The key that the host showed last; for a certificate the key in it. */
async function readShownKey(files: EndFiles | undefined): Promise<HostKey | undefined> {
  const text = files === undefined ? "" : await readText(files.shownKey);
  const base64 = /^\S+ ([A-Za-z0-9+/=]+)\n$/.exec(text)?.[1];
  try {
    return base64 === undefined ? undefined : hostKeyFromCertificate(Buffer.from(base64, "base64"));
  } catch (error) {
    if (error instanceof TypeError) return undefined; // a type that cannot be pinned
    throw error;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return ""; // that client has not run
    throw error;
  }
}

function tooOld(end: Endpoint, found: string): OpensshError {
  return new OpensshError({
    summary: `${end.machine}: the connection needs OpenSSH's client`,
    expected: "`ssh` of OpenSSH 8.5 or newer in PATH",
    found,
    at: end.definedAt ?? end.address,
    fix: "install OpenSSH's client, or do without what needs it (certificates, security keys, ProxyCommand)",
  });
}
