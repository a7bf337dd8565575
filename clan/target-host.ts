/** The parts of a target host as clan writes it. */
export interface TargetHost {
  readonly user: string | undefined;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

// `[ssh://][user@]host[:port][?options]`, an IPv6 address in brackets.
const grammar =
  /^(?:ssh:\/\/)?(?:(?<user>[^@/?\s]+)@)?(?:\[(?<v6>[0-9a-fA-F:.%]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>[0-9]{1,5}))?(?:\?\S*)?$/;

/**
 * Source: clan-core 26.05, `clan_lib/ssh/parse.py`: `[ssh://][user@]host[:port][?Option=Value&…]`.
 * @returns undefined for text of another form.
 */
export function parseTargetHost(text: string): TargetHost | undefined {
  const parts = grammar.exec(text)?.groups;
  const host = parts?.["v6"] ?? parts?.["host"];
  if (host === undefined) return undefined;
  const port = parts?.["port"] === undefined ? undefined : Number(parts["port"]);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { user: parts?.["user"], host, port };
}

/** What two machines must not have in common: names in one case, the default port made plain. */
export function addressOf({ host, port }: TargetHost): string {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name.includes(":") ? `[${name}]:${port ?? 22}` : `${name}:${port ?? 22}`;
}

/** User and port of a target host with a node's address. */
export function atNode(targetHost: string, address: string): string {
  const user = /^(?:ssh:\/\/)?([^@]*@)?/.exec(targetHost)?.[1] ?? "";
  const port = parseTargetHost(targetHost)?.port;
  const host = address.includes(":") ? `[${address}]` : address;
  return `${user}${host}${port === undefined ? "" : `:${port}`}`;
}
