import { glob, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import SSHConfig from "ssh-config";
import { SshConfigError } from "../errors.ts";
import { type ConnectionSpec, connectionSpecSchema, parseTarget } from "./connection-spec.ts";
import type { PinnedHostKey } from "./host-key.ts";

/** What the operator's own environment adds to a target. */
export interface OperatorEnvironment {
  readonly home: string;
  /** Text of `~/.ssh/config` with its includes; "" when there is none. */
  readonly sshConfig: string;
  /** `SSH_AUTH_SOCK`. */
  readonly agent?: string;
  /** Key files in ~/.ssh that exist, in the order in which OpenSSH tries them. */
  readonly defaultIdentities: readonly string[];
}

export interface ConnectionRequest {
  readonly machine: string;
  /** `[ssh://][user@]host[:port]`. */
  readonly target: string;
  /** Where the target is stated. */
  readonly definedAt: string;
  readonly hostKeys: readonly PinnedHostKey[];
  /** Absolute paths; given: neither `~/.ssh/config` nor ~/.ssh add others. */
  readonly identityFiles?: readonly string[];
  readonly connectDeadlineSeconds?: number;
}

/**
 * A target with what `~/.ssh/config` says about it (HostName, Port, User, IdentityFile). What the target states wins.
 * @throws {TargetSyntaxError} @throws {SshConfigError} for an entry with ProxyJump or ProxyCommand: ignored, it would dial another host.
 */
export function resolveConnection(request: ConnectionRequest, operator: OperatorEnvironment): ConnectionSpec {
  const target = parseTarget(request.target, request.definedAt);
  const entry = SSHConfig.parse(operator.sshConfig).compute(
    target.user === undefined ? { Host: target.address } : { Host: target.address, User: target.user },
    { ignoreCase: true },
  );
  for (const option of ["proxyjump", "proxycommand"]) {
    const value = first(entry[option]);
    if (value !== undefined && value !== "none") throw proxyError(target.address, option, value);
  }
  const port = target.port ?? portOf(first(entry["port"]), target.address);
  const spec = {
    machine: request.machine,
    address: first(entry["hostname"])?.replaceAll("%h", target.address) ?? target.address,
    identityFiles: request.identityFiles ?? identitiesOf(entry["identityfile"], operator),
    hostKeys: request.hostKeys,
    definedAt: request.definedAt,
    ...user(target.user ?? first(entry["user"])),
    ...(port === undefined ? {} : { port }),
    ...(operator.agent === undefined ? {} : { agent: operator.agent }),
    ...(request.connectDeadlineSeconds === undefined ? {} : { connectDeadlineSeconds: request.connectDeadlineSeconds }),
  };
  return connectionSpecSchema.parse(spec);
}

/** @param environment - the process's variables; only `SSH_AUTH_SOCK` is read. */
export async function readOperatorEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<OperatorEnvironment> {
  const home = homedir();
  const folder = join(home, ".ssh");
  const agent = environment["SSH_AUTH_SOCK"];
  const names = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(folder, name));
  const texts = await Promise.all(names.map(readIfThere));
  return {
    home,
    sshConfig: await readWithIncludes(join(folder, "config"), folder, home, 0),
    defaultIdentities: names.filter((_, index) => texts[index] !== undefined),
    ...(agent?.startsWith("/") ? { agent } : {}),
  };
}

/** The ssh-config package leaves `Include` alone; 16 levels are OpenSSH's own limit (readconf.c, READCONF_MAX_DEPTH). */
async function readWithIncludes(file: string, folder: string, home: string, depth: number): Promise<string> {
  const text = (await readIfThere(file)) ?? "";
  if (depth >= 16 || !/^\s*include[\s=]/im.test(text)) return text;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const patterns = /^\s*include[\s=]+(.*)$/i.exec(line)?.[1]?.split(/\s+/).filter(Boolean);
    if (patterns === undefined) {
      lines.push(line);
      continue;
    }
    for (const pattern of patterns) {
      const path = expandHome(pattern.replaceAll('"', ""), home);
      const matches = await Array.fromAsync(glob(isAbsolute(path) ? path : join(folder, path)));
      for (const match of matches.sort()) lines.push(await readWithIncludes(match, folder, home, depth + 1));
    }
  }
  return lines.join("\n");
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    // A key or config that the operator may not read serves as little as one that is not there.
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EACCES"].includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}

function identitiesOf(value: string | readonly string[] | undefined, operator: OperatorEnvironment): readonly string[] {
  const stated = value === undefined ? [] : typeof value === "string" ? [value] : value;
  const files = stated.filter((file) => file !== "none").map((file) => expandHome(file, operator.home));
  return stated.length > 0 ? files.filter(isAbsolute) : operator.defaultIdentities;
}

function expandHome(path: string, home: string): string {
  return path.replace(/^(?:~|%d)(?=\/|$)/, home);
}

function portOf(value: string | undefined, host: string): number | undefined {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SshConfigError({
    summary: `${host}: ~/.ssh/config gives no port`,
    expected: "Port <1 to 65535>",
    found: JSON.stringify(value),
    at: `~/.ssh/config: Host ${host}`,
    fix: "correct the entry, or state the port in the target: host:port",
  });
}

function proxyError(host: string, option: string, value: string): SshConfigError {
  const name = option === "proxyjump" ? "ProxyJump" : "ProxyCommand";
  return new SshConfigError({
    summary: `${host}: ${name} in ~/.ssh/config is not supported yet`,
    expected: "a host that can be dialled directly",
    found: `${name} ${value}`,
    at: `~/.ssh/config: Host ${host}`,
    fix: `give the machine an address that is reachable from here, or write \`${name} none\` for it`,
  });
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

function user(name: string | undefined): { user?: string } {
  return name === undefined ? {} : { user: name };
}
