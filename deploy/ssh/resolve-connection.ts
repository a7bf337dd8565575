import { isAbsolute } from "node:path";
import SSHConfig from "ssh-config";
import { SshConfigError } from "../errors.ts";
import {
  type ConnectionSpec,
  connectionSpecSchema,
  type JumpHost,
  parseTarget,
  type Target,
} from "./connection-spec.ts";
import type { PinnedHostKey } from "./host-key.ts";
import { type KnownHost, lookUpHost } from "./known-hosts.ts";
import { expandHome, type OperatorEnvironment } from "./operator-environment.ts";
import type { SecretText } from "./secret-text.ts";

export { type OperatorEnvironment, readOperatorEnvironment } from "./operator-environment.ts";

/** A host on the way, as it is stated beside the target. */
export interface StatedJump {
  /** `[user@]host[:port]`. */
  readonly target: string;
  /** As that of a `ConnectionRequest`. */
  readonly address?: string | undefined;
  /** Where it is stated. */
  readonly definedAt: string;
  /** None: the operator's known_hosts is asked. */
  readonly hostKeys: readonly PinnedHostKey[];
  /** Absolute paths. None: those of its entry in `~/.ssh/config`, else the machine's, then the operator's own. */
  readonly identityFiles: readonly string[];
}

export interface ConnectionRequest {
  readonly machine: string;
  /** `[ssh://][user@]host[:port]`. */
  readonly target: string;
  /**
   * IP address of the target where its name need not resolve. Its entry of `~/.ssh/config` still counts, a `HostName` there
   * wins, and its keys are known by the name: as `ssh -o HostName=<address> -o HostKeyAlias=<name> <name>`.
   */
  readonly address?: string;
  /** Where the target is stated. */
  readonly definedAt: string;
  /** None: the operator's known_hosts is asked, its certificate authorities included. */
  readonly hostKeys: readonly PinnedHostKey[];
  /** Absolute paths; given: neither `~/.ssh/config` nor ~/.ssh add others. */
  readonly identityFiles?: readonly string[];
  readonly connectDeadlineSeconds?: number;
  /** Default: strict. */
  readonly hostKeyPolicy?: ConnectionSpec["hostKeyPolicy"];
  /** The nearest first; none: dialled directly. Absent: what `~/.ssh/config` says. */
  readonly jumpHosts?: readonly StatedJump[];
  /** Default: what the connection needs. */
  readonly backEnd?: ConnectionSpec["backEnd"];
  readonly sudoPassword?: SecretText;
}

/**
 * A target with what `~/.ssh/config` says about it (HostName, Port, User, IdentityFile, IdentityAgent, HostKeyAlias,
 * ProxyJump, ProxyCommand). What is stated wins. Jump hosts are recognised by their pins, else by the operator's known_hosts.
 * @throws {TargetSyntaxError} @throws {SshConfigError} for a port that is none, and jump hosts that lead to themselves
 */
export function resolveConnection(request: ConnectionRequest, operator: OperatorEnvironment): ConnectionSpec {
  const target = parseTarget(request.target, request.definedAt);
  const entry = entryOf(target, operator);
  const { machine, definedAt, identityFiles, connectDeadlineSeconds, hostKeyPolicy, backEnd, sudoPassword } = request;
  const end = endOf(target, entry, operator, request.address);
  const { revokedHostKeys, ...known } = knownAs(end, operator);
  const search = { operator, identityFiles: identityFiles ?? [], seen: [target.address] };
  const spec = {
    machine,
    definedAt,
    ...end,
    identityFiles: identityFiles ?? identitiesOf(entry["identityfile"], operator) ?? operator.defaultIdentities,
    ...(request.hostKeys.length > 0 ? { hostKeys: request.hostKeys } : known),
    revokedHostKeys,
    ...(request.jumpHosts === undefined ? wayTo(target, entry, search) : statedWay(request.jumpHosts, search)),
    ...present({ connectDeadlineSeconds, hostKeyPolicy, backEnd, sudoPassword }),
  };
  return connectionSpecSchema.parse(spec);
}

type Entry = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Address, port and user of one end, and how it is known. */
interface End extends Target {
  readonly hostKeyAlias?: string;
  readonly agent?: string;
}

interface Search {
  readonly operator: OperatorEnvironment;
  /** The stack's own. */
  readonly identityFiles: readonly string[];
  readonly seen: readonly string[];
}

function entryOf(target: Target, operator: OperatorEnvironment): Entry {
  const asked = target.user === undefined ? { Host: target.address } : { Host: target.address, User: target.user };
  return SSHConfig.parse(operator.sshConfig).compute(asked, { ignoreCase: true });
}

function endOf(target: Target, entry: Entry, operator: OperatorEnvironment, address?: string): End {
  const hostName = first(entry["hostname"]);
  const alias = hostName === undefined && address !== undefined ? target.address : undefined;
  return {
    address: hostName === undefined && address !== undefined ? address : hostNameOf(hostName, target.address),
    ...present({
      user: target.user ?? first(entry["user"]),
      port: target.port ?? portOf(first(entry["port"]), target.address),
      hostKeyAlias: first(entry["hostkeyalias"]) ?? alias,
      agent: agentOf(first(entry["identityagent"]), operator),
    }),
  };
}

/** The hosts in between. As in OpenSSH the first hop's own entry may lead further away, and whichever of the two options comes first counts. */
function wayTo(target: Target, entry: Entry, search: Search): Pick<ConnectionSpec, "jumpHosts" | "proxyCommand"> {
  const option = Object.keys(entry).find((key) => key === "proxyjump" || key === "proxycommand");
  const value = option === undefined ? undefined : first(entry[option]);
  if (value === undefined || value.toLowerCase() === "none") return { jumpHosts: [] };
  if (option === "proxycommand") return { jumpHosts: [], proxyCommand: value };
  const at = `~/.ssh/config: Host ${target.address}: ProxyJump`;
  const hops = value.split(",").map((text) => {
    return { target: text.trim(), definedAt: `${at} ${value}`, hostKeys: [], identityFiles: [] };
  });
  return statedWay(hops, search);
}

function statedWay(hops: readonly StatedJump[], search: Search): Pick<ConnectionSpec, "jumpHosts" | "proxyCommand"> {
  const [nearest] = hops;
  if (nearest === undefined) return { jumpHosts: [] };
  const target = parseTarget(nearest.target, nearest.definedAt);
  const seen = [...search.seen, target.address];
  if (search.seen.includes(target.address)) throw circle(seen, nearest.definedAt);
  const before = wayTo(target, entryOf(target, search.operator), { ...search, seen });
  return { ...before, jumpHosts: [...before.jumpHosts, ...hops.map((hop) => jumpHost(hop, search))] };
}

function jumpHost(hop: StatedJump, { operator, identityFiles }: Search): JumpHost {
  const target = parseTarget(hop.target, hop.definedAt);
  const entry = entryOf(target, operator);
  const end = endOf(target, entry, operator, hop.address);
  const { revokedHostKeys, ...known } = mutable(knownAs(end, operator));
  const own = hop.identityFiles.length > 0 ? hop.identityFiles : identitiesOf(entry["identityfile"], operator);
  return {
    name: hop.target,
    definedAt: hop.definedAt,
    ...end,
    port: end.port ?? 22,
    user: end.user ?? operator.user ?? "root",
    identityFiles: [...new Set(own ?? [...identityFiles, ...operator.defaultIdentities])],
    revokedHostKeys,
    ...(hop.hostKeys.length > 0 ? { hostKeys: [...hop.hostKeys], certAuthorities: [] } : known),
  };
}

/** Source: sshconnect.c of OpenSSH 9.2: an alias has no port; authorities are looked up without it, too. */
function knownAs({ address, port = 22, hostKeyAlias }: End, { knownHosts = [] }: OperatorEnvironment): KnownHost {
  const plain = lookUpHost(knownHosts, hostKeyAlias ?? address);
  if (hostKeyAlias !== undefined || port === 22) return plain;
  const found = lookUpHost(knownHosts, `[${address}]:${port}`);
  return { ...found, certAuthorities: [...found.certAuthorities, ...plain.certAuthorities] };
}

function mutable({ hostKeys, certAuthorities, revokedHostKeys }: KnownHost) {
  return { hostKeys: [...hostKeys], certAuthorities: [...certAuthorities], revokedHostKeys: [...revokedHostKeys] };
}

function hostNameOf(stated: string | undefined, host: string): string {
  return stated?.replaceAll(/%([h%])/g, (_, token) => (token === "h" ? host : "%")) ?? host;
}

/** Absent: nothing is stated. */
function identitiesOf(
  value: string | readonly string[] | undefined,
  operator: OperatorEnvironment,
): string[] | undefined {
  if (value === undefined) return undefined;
  const stated = typeof value === "string" ? [value] : value;
  const files = stated.filter((file) => file !== "none").map((file) => expandHome(file, operator.home));
  return [...new Set(files.filter(isAbsolute))]; // a key that is offered twice uses up one of the server's six attempts
}

function agentOf(stated: string | undefined, operator: OperatorEnvironment): string | undefined {
  if (stated === "none") return undefined;
  const path = stated === undefined ? undefined : expandHome(stated, operator.home);
  return path !== undefined && isAbsolute(path) ? path : operator.agent; // SSH_AUTH_SOCK, or a variable of the operator's
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

function circle(hosts: readonly string[], at: string): SshConfigError {
  return new SshConfigError({
    summary: `${hosts[0]}: its jump hosts lead to themselves`,
    expected: "a host that can be dialled directly at the end of the way",
    found: hosts.join(" through "),
    at,
    fix: "write `ProxyJump none` (in the stack: `proxyJump: none`) for the one that is reachable from here",
  });
}

/** Without the keys that have no value. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>; // the filter left nothing else
  };
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
