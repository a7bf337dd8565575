import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { PushError } from "../deploy/errors.ts";
import { HostSession } from "../deploy/host-session.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import { type ConnectionSpec, parseTarget } from "../deploy/ssh/connection-spec.ts";
import { parseHostKey } from "../deploy/ssh/host-key.ts";
import { readOperatorEnvironment, resolveConnection } from "../deploy/ssh/resolve-connection.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { type PushResult, pushPaths } from "../deploy/store/push-closure.ts";
import { parseSigningKey, type SigningKey } from "../deploy/store/signature.ts";
import { isStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { readKnownHosts } from "../stack/host-keys.ts";
import { traced } from "../trace.ts";
import { renderEvent } from "./render-event.ts";
import { readStack } from "./stack-options.ts";
import { readSudoPassword, type SudoOptions, withSudoOptions } from "./sudo-password.ts";
import type { Terminal } from "./terminal.ts";
import { checkTarget, usage } from "./usage.ts";

export interface PushArguments {
  readonly host: string;
  readonly identity?: string;
  readonly hostKey?: string;
  readonly store?: string;
  readonly compress: boolean;
  /** Absent: by the way. */
  readonly delta?: boolean;
  readonly json: boolean;
  readonly acceptNew: boolean;
  readonly signWith?: string;
  readonly stack?: string;
  readonly configFile?: string;
}

const deadlineSeconds = 12 * 3600;

/** `fleet push`. Exit 0: the host has every path; 1: not pushed; 2: wrong usage; 130: interrupted. */
export function pushCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withSudoOptions(new Command("push"))
    .description("copy store paths with all they refer to into a host's store; activates nothing")
    .argument("<path...>", "store paths, or links to them such as ./result")
    .requiredOption("--host <[user@]host[:port]>", "where to; ~/.ssh/config is read", usage(checkTarget))
    .option("--identity <file>", "private key; alone then, with the agent's")
    .option(
      "--host-key <key>",
      "the host's public key, `ssh-ed25519 AAAA…` (default: known_hosts)",
      usage(parseHostKey),
    )
    .option("--accept-new", "take the key that a host without a pinned one shows first", false)
    .option("--sign-with <file>", "sign with this key what the host would refuse from a user whom it does not trust")
    .option("--stack <name>", "take the password for sudo from this stack's secrets")
    .option("--config-file <file>", "read another file than Pulumi.<stack>.yaml")
    .option("--store <url>", "store on the host, e.g. local?root=/mnt (default: its own)")
    .option("--no-compress", "send bytes as they are, however slow the link is")
    .option("--delta", "send differences from what the host's systems have over a fast way, too")
    .option("--no-delta", "send none, however slow the way is")
    .option("--json", "paths, bytes, bytesSent, seconds, roundTrips, backend and delta as JSON", false)
    .action(async (paths: readonly string[], options: PushArguments, command: Command) => {
      const wanted = await Promise.all(paths.map(readStorePath));
      const wrong = paths.filter((_, index) => wanted[index] === undefined);
      if (wrong.length > 0) command.error(`error: not in /nix/store: ${wrong.join(", ")}`, { exitCode: 2 });
      const sudoPassword = await readPassword(options, command, terminal, signal);
      const result = await push(wanted.filter(isPath), options, sudoPassword, reportTo(terminal), signal);
      terminal.answer(options.json ? JSON.stringify(answerOf(result)) : renderPush(result, options.host));
    });
}

/** Connects, pushes and says goodbye. @throws what `connect` and `pushPaths` throw */
async function push(
  wanted: readonly StorePath[],
  options: PushArguments,
  sudoPassword: SecretText | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  const [first, ...others] = wanted;
  if (first === undefined) throw new TypeError("nothing to push");
  const spec = await readConnection(options, sudoPassword, signal);
  await using pool = new ConnectionPool();
  // Whoever is not root may become it with `sudo -n`; the store of a multi-user Nix is not theirs.
  const session = new HostSession(pool, spec, 60, report, spec.user === "root" ? "none" : "sudo");
  const pushOptions = {
    deadlineSeconds,
    compress: options.compress ? "auto" : "never",
    delta: options.delta === undefined ? "auto" : options.delta ? "always" : "never",
    ...(options.signWith === undefined ? {} : { signingKey: await readSigningKey(options.signWith) }),
    ...(options.store === undefined ? {} : { store: options.store }),
  } as const;
  // `await`, or the pool would be disposed of before the push began.
  return await traced({ kind: "phase", subject: spec.machine, what: "push" }, () =>
    pushPaths(session, [first, ...others], pushOptions, report, signal),
  );
}

/** @throws {PushError} without a word of what is in the file */
async function readSigningKey(file: string): Promise<SigningKey> {
  try {
    return parseSigningKey(await readFile(file, "utf8"));
  } catch (error) {
    throw new PushError({
      summary: "the signing key cannot be used",
      expected: "a file as `nix key generate-secret` writes it: <name>:<base64>",
      found: error instanceof TypeError ? "something else" : error instanceof Error ? error.message : String(error),
      at: file,
      fix: "name the secret key's file, which you may read",
    });
  }
}

/** Only where a stack is named: a push needs none. */
async function readPassword(
  { stack: name, configFile }: PushArguments,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<SecretText | undefined> {
  const options = command.optsWithGlobals<SudoOptions & { dir: string }>();
  const stack =
    name === undefined
      ? undefined
      : await readStack(
          { dir: options.dir, stack: name, ...(configFile === undefined ? {} : { configFile }) },
          terminal,
          signal,
        );
  const hidden = stack?.secretKeys.includes("pulumi-clan:sudoPassword") ?? false;
  return readSudoPassword(options, { text: stack?.config.sudoPassword, hidden }, command, signal);
}

/** The way to a host that a command line names. */
export async function readConnection(
  options: Pick<PushArguments, "host" | "identity" | "hostKey"> & Partial<Pick<PushArguments, "acceptNew">>,
  sudoPassword: SecretText | undefined,
  signal: AbortSignal,
): Promise<ConnectionSpec> {
  const { host, identity, hostKey, acceptNew } = options;
  const target = parseTarget(host, "--host");
  const request = {
    machine: target.address.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, ""),
    target: host,
    definedAt: "--host",
    hostKeys: hostKey === undefined ? [] : [{ key: parseHostKey(hostKey), source: "--host-key" }],
    ...(identity === undefined ? {} : { identityFiles: [path.resolve(identity)] }),
    ...(acceptNew ? { hostKeyPolicy: "accept-new" as const } : {}),
    ...(sudoPassword === undefined ? {} : { sudoPassword }),
  };
  const spec = resolveConnection(request, await readOperatorEnvironment(process.env));
  return hostKey === undefined ? { ...spec, hostKeys: [...(await readKnownHosts(spec, signal))] } : spec;
}

/** The store path that a text or a link leads to; undefined: it leads elsewhere. Whether it is valid, Nix says. */
export async function readStorePath(text: string): Promise<StorePath | undefined> {
  const absolute = path.resolve(text);
  // A path that is not there is answered by Nix, which may know more of it.
  const real = absolute.startsWith("/nix/store/") ? absolute : await realpath(absolute).catch(() => absolute);
  const top = real.split("/").slice(0, 4).join("/");
  return isStorePath(top) ? top : undefined;
}

function isPath(candidate: StorePath | undefined): candidate is StorePath {
  return candidate !== undefined;
}

/** What a backend cannot tell is null. */
function answerOf(result: PushResult) {
  const { paths, bytes, bytesSent = null, seconds, roundTrips = null, backend, delta = null } = result;
  return { paths, bytes, bytesSent, seconds, roundTrips, backend, delta };
}

/** One line. */
export function renderPush(
  { paths, bytes, bytesSent, seconds, backend, through, delta }: PushResult,
  host: string,
): string {
  const time = `${seconds.toFixed(1)} s`;
  if (paths === 0) return `${host}: every path was there (${time})`;
  const sent = bytesSent === undefined ? "" : `, ${megabytes(bytesSent)} sent`;
  const differences =
    delta === undefined ? "" : `; ${delta.paths} as differences, ${megabytes(delta.bytes - delta.bytesSent)} saved`;
  const by = through === "socket" ? `${backend} at the daemon's socket` : backend;
  return `${host}: ${paths} ${paths === 1 ? "path" : "paths"}, ${megabytes(bytes)}${sent} in ${time} (${by}${differences})`;
}

/** What is said once is shown; of the progress, a line every other second. */
export function reportTo(terminal: Terminal, now: () => number = () => performance.now()): Report {
  let last = now();
  return (event) => {
    if (event.level === "debug" && (event.progress !== undefined || terminal.debug !== true)) {
      if (event.progress === undefined || now() - last < 2_000) return;
      last = now();
    }
    terminal.tell(renderEvent(event));
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
