import { readdir, readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import { fingerprint, type HostKey, parseHostKey } from "../deploy/ssh/host-key.ts";
import type { HostConnection } from "./connections.ts";

/** What is known of the machine that a command or an update runs on. */
export interface OperatorFacts {
  /** Of its SSH server; empty: it has none, or they cannot be read. */
  readonly hostKeys: readonly HostKey[];
  /** Of its network interfaces, loopback included. */
  readonly addresses: readonly string[];
  /** Without its domain. */
  readonly hostname: string;
  readonly class: "nixos" | "darwin";
}

/** Where an SSH server keeps its keys. Source: sshd_config(5) of OpenSSH 9.9, "HostKey"; macOS and NixOS have them there. */
const keyFolder = "/etc/ssh";

/** Reads what every user may read. */
export async function readOperatorFacts(folder: string = keyFolder): Promise<OperatorFacts> {
  const names = await readdir(folder).catch(() => []); // no SSH server was ever set up
  const files = names.filter((name) => /^ssh_host_\w+_key\.pub$/.test(name));
  const hostKeys = await Promise.all(files.map((file) => readKey(join(folder, file))));
  return {
    hostKeys: hostKeys.flatMap((key) => (key === undefined ? [] : [key])),
    addresses: Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    hostname: hostname().split(".", 1)[0] ?? "",
    class: process.platform === "darwin" ? "darwin" : "nixos",
  };
}

async function readKey(file: string): Promise<HostKey | undefined> {
  try {
    return parseHostKey(await readFile(file, "utf8"));
  } catch {
    return undefined; // of a type that nobody pins, or not readable: another fact may tell
  }
}

/**
 * The machines that are the operator's own, by what they are recognised: at most one, unless two share an address.
 * A host key is proof, and where both sides have keys it alone decides; else an address of this machine, else its name.
 */
export function operatorMachines(
  machines: readonly { readonly machine: string; readonly spec: { readonly class: "nixos" | "darwin" } }[],
  connections: ReadonlyMap<string, HostConnection>,
  facts: OperatorFacts,
): ReadonlyMap<string, string> {
  const found = machines.flatMap(({ machine, spec }) => {
    const how = recognise(machine, spec.class, connections.get(machine), facts);
    return how === undefined ? [] : [[machine, how] as const];
  });
  return new Map(found);
}

function recognise(
  machine: string,
  machineClass: "nixos" | "darwin",
  connection: HostConnection | undefined,
  facts: OperatorFacts,
): string | undefined {
  const pinned = (connection?.hostKeys ?? []).map(({ key }) => key);
  const shared = pinned.find((key) => facts.hostKeys.includes(key));
  if (shared !== undefined) return `its host key ${fingerprint(shared)}`;
  if (pinned.length > 0 && facts.hostKeys.length > 0) return undefined;
  const address = connection === undefined ? undefined : ownAddress(connection, facts);
  if (address !== undefined) return `its address ${address}`;
  const isNamed = machine.toLowerCase() === facts.hostname.toLowerCase() && machineClass === facts.class;
  return isNamed ? `its name ${facts.hostname}` : undefined;
}

/** Another port than SSH's own is a tunnel or a container; behind a jump host an address means another machine. */
function ownAddress(
  { targetHost, definedAt, jumpHosts = [] }: HostConnection,
  { addresses }: OperatorFacts,
): string | undefined {
  const { address: host, port = 22 } = parseTarget(targetHost, definedAt);
  const isOwn = host === "localhost" || addresses.includes(host);
  return isOwn && port === 22 && jumpHosts.length === 0 ? host : undefined;
}
