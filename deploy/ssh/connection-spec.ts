import { isIP } from "node:net";
import { z } from "zod";
import { TargetSyntaxError } from "../errors.ts";
import { pinnedHostKeySchema } from "./host-key.ts";

/** How a host is reached and recognised. The way there, not the host's identity: that is its key. */
export const connectionSpecSchema = z.strictObject({
  /** Name of the machine, used in messages and as the host's alias in a known_hosts file. */
  machine: z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, "expected a host name"),
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
  /** Keys of which the host must show one; empty: the host is refused. */
  hostKeys: z.array(pinnedHostKeySchema).default([]),
  /** Where the target was stated (`file:line`, `Pulumi.<stack>.yaml: key`), for errors. */
  definedAt: z.string().min(1).optional(),
  /** Until then a host that is booting is tried again. */
  connectDeadlineSeconds: z.number().positive().max(3600).default(60),
  /** For one attempt, from the first packet to the end of the authentication. */
  attemptDeadlineSeconds: z.number().positive().max(600).default(15),
  /** Silence after which a sign of life is asked for; after three without answer the connection is dead. */
  keepaliveSeconds: z.number().positive().max(600).default(10),
});
export type ConnectionSpec = z.output<typeof connectionSpecSchema>;

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

function withUser(user: string | undefined, target: Target, text: string, definedAt: string): Target {
  const whole = user === undefined ? target : { ...target, user };
  const checked = connectionSpecSchema.pick({ address: true, port: true, user: true }).safeParse(whole);
  if (!checked.success) throw targetError(text, definedAt);
  return whole;
}

function targetError(text: string, definedAt: string): TargetSyntaxError {
  return new TargetSyntaxError({
    summary: `${JSON.stringify(text)} is no SSH target`,
    expected: "[ssh://][user@]host[:port], an IPv6 address in brackets",
    found: JSON.stringify(text),
    at: definedAt,
    fix: "write for example root@192.0.2.7, root@host.example:2222 or root@[2001:db8::7]:22",
  });
}
