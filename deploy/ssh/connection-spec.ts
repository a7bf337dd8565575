import { isIP } from "node:net";
import { z } from "zod";
import { TargetSyntaxError } from "../errors.ts";
import { pinnedHostKeySchema } from "./host-key.ts";
import { secretLineSchema } from "./secret-text.ts";
import { backEnds } from "./transport.ts";

const hostName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, "expected a host name");

/** What is alike for a machine and for a host on the way to it. */
const endpointShape = {
  /** Name or IP address to dial; an IPv6 address without brackets. */
  address: z
    .string()
    .regex(/^[A-Za-z0-9_](?:[A-Za-z0-9._:%-]*)$|^::[A-Fa-f0-9:.%]*$/, "expected a host name or an IP address"),
  port: z.int().min(1).max(65535).default(22),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/, "expected a user name")
    .default("root"),
  /** Private keys that were asked for by name; tried before the agent. */
  identityFiles: z.array(z.string().startsWith("/")).default([]),
  /** Socket of the operator's ssh-agent. */
  agent: z.string().startsWith("/").optional(),
  /** Keys of which the host must show one; empty, and no authority: the host is refused. */
  hostKeys: z.array(pinnedHostKeySchema).default([]),
  /** Keys of authorities whose certificate for its name a host may show instead. Needs OpenSSH. */
  certAuthorities: z.array(pinnedHostKeySchema).default([]),
  /** Keys that are refused whoever vouches for them. */
  revokedHostKeys: z.array(pinnedHostKeySchema).default([]),
  /** Name by which known_hosts and certificates know the host, when it is not its address. */
  hostKeyAlias: hostName.optional(),
  /** Where the target was stated (`file:line`, `Pulumi.<stack>.yaml: key`), for errors. */
  definedAt: z.string().min(1).optional(),
};

/** A host through which the way goes. Its keys are its own: nothing is trusted because of where it leads. */
export const jumpHostSchema = z.strictObject({
  /** As it was stated (`ProxyJump bastion`); names it in errors. */
  name: z.string().min(1).max(300),
  ...endpointShape,
});
export type JumpHost = z.output<typeof jumpHostSchema>;

/** How a host is reached and recognised. The way there, not the host's identity: that is its key. */
export const connectionSpecSchema = z.strictObject({
  /** Name of the machine, used in messages and as the host's alias in a known_hosts file. */
  machine: hostName,
  ...endpointShape,
  /** What to do with a host that nobody vouches for; `accept-new` never covers a key other than a pinned one. */
  hostKeyPolicy: z.enum(["strict", "accept-new"]).default("strict"),
  /** Hosts to go through, the first one dialled first. */
  jumpHosts: z.array(jumpHostSchema).max(8).default([]),
  /** Command whose input and output are the connection, as in ssh_config(5). Needs OpenSSH. */
  proxyCommand: z
    .string()
    .regex(/^[^\0\r\n]+$/, "expected one line")
    .optional(),
  /** `auto`: ssh2, and OpenSSH for what ssh2 cannot do (certificates, security keys, ProxyCommand). */
  backEnd: z.enum(["auto", ...backEnds]).default("auto"),
  /** For `sudo` of a login user; goes over the command's input. */
  sudoPassword: secretLineSchema.optional(),
  /** Until then a host that is booting is tried again. */
  connectDeadlineSeconds: z.number().positive().max(3600).default(60),
  /** For one attempt, from the first packet to the end of the authentication. */
  attemptDeadlineSeconds: z.number().positive().max(600).default(15),
  /** Silence after which a sign of life is asked for; after three without answer the connection is dead. */
  keepaliveSeconds: z.number().positive().max(600).default(10),
});
export type ConnectionSpec = z.output<typeof connectionSpecSchema>;

/** One end of one SSH connection: the machine, or a host on the way to it. */
export type Endpoint = Omit<JumpHost, "name"> &
  Pick<ConnectionSpec, "machine" | "hostKeyPolicy" | "keepaliveSeconds"> & {
    /** Name of the jump host, when it is one. */
    readonly hop?: string;
  };

/** Every end in the order in which it is dialled; the machine is the last. A jump host is never trusted on first use. */
export function endpointsOf(spec: ConnectionSpec): readonly [...Endpoint[], Endpoint] {
  const hops = spec.jumpHosts.map(({ name, ...hop }) => {
    return {
      ...hop,
      hop: name,
      machine: spec.machine,
      hostKeyPolicy: "strict",
      keepaliveSeconds: spec.keepaliveSeconds,
    } as const;
  });
  return [...hops, spec];
}

/** Names an end in messages. */
export function titleOf({ machine, hop }: Pick<Endpoint, "machine" | "hop">): string {
  return hop === undefined ? machine : `${machine}: jump host ${hop}`;
}

/** `[ssh://][user@]host[:port]` taken apart. */
export interface Target {
  readonly user?: string;
  readonly address: string;
  readonly port?: number;
}

const targetPattern =
  /^(?:ssh:\/\/)?(?:(?<user>[^@/\s]+)@)?(?:\[(?<v6>[^\]\s]+)\]|(?<host>[^:@/\s[\]]+))(?::(?<port>\d{1,5}))?\/?$/;

/**
 * Source: the forms that clan's `targetHost` and OpenSSH's destinations take. A bare IPv6 address is accepted without port.
 * @param definedAt - where the text stands.
 * @throws {TargetSyntaxError}
 */
export function parseTarget(text: string, definedAt: string): Target {
  const { user: bareUser, rest } = splitUser(text);
  if (isIP(rest) === 6) return withUser(bareUser, { address: rest }, text, definedAt);
  const groups = targetPattern.exec(text)?.groups;
  const address = groups?.["v6"] ?? groups?.["host"];
  if (address === undefined || (groups?.["v6"] !== undefined && isIP(address) !== 6))
    throw targetError(text, definedAt);
  const port = groups?.["port"] === undefined ? undefined : Number(groups["port"]);
  if (port !== undefined && (port < 1 || port > 65535)) throw targetError(text, definedAt);
  return withUser(groups?.["user"], port === undefined ? { address } : { address, port }, text, definedAt);
}

/** `host:port` for messages, IPv6 in brackets. */
export function renderAddress({ address, port }: Pick<ConnectionSpec, "address" | "port">): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function splitUser(text: string): { user: string | undefined; rest: string } {
  const bare = text.replace(/^ssh:\/\//, "");
  const at = bare.indexOf("@");
  return at < 0 ? { user: undefined, rest: bare } : { user: bare.slice(0, at), rest: bare.slice(at + 1) };
}

const endSchema = connectionSpecSchema.pick({ address: true, port: true, user: true });

function withUser(user: string | undefined, target: Target, text: string, definedAt: string): Target {
  const whole = user === undefined ? target : { ...target, user };
  const checked = endSchema.safeParse(whole);
  if (!checked.success) throw targetError(text, definedAt);
  return whole;
}

function targetError(text: string, definedAt: string): TargetSyntaxError {
  const expected = "[ssh://][user@]host[:port], an IPv6 address in brackets";
  const options = text.indexOf("?");
  // Source: clan-core 26.05, `clan_lib/ssh/parse.py`: `[ssh://][user@]host[:port][?Option=Value&…]`.
  if (options > 0) {
    return new TargetSyntaxError({
      summary: `${JSON.stringify(text)} has options of SSH behind the host, as clan takes them`,
      expected,
      found: JSON.stringify(text.slice(options)),
      at: definedAt,
      fix: `state targetHost: ${text.slice(0, options)} in the stack (pulumi-clan:hosts), where identityFile and proxyJump have their places, too; other options belong in ~/.ssh/config`,
    });
  }
  return new TargetSyntaxError({
    summary: `${JSON.stringify(text)} is no SSH target`,
    expected,
    found: JSON.stringify(text),
    at: definedAt,
    fix: "write for example root@192.0.2.7, root@host.example:2222 or root@[2001:db8::7]:22",
  });
}
