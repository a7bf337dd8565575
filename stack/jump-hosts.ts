import path from "node:path";
import { StackConfigError } from "../clan/stack-config.ts";
import { readMeshAddress } from "../clan/vars/mesh-address.ts";
import { nearestNames } from "../composition/nearest.ts";
import { parseTarget, type Target } from "../deploy/ssh/connection-spec.ts";
import type { StatedJump } from "../deploy/ssh/resolve-connection.ts";
import { readStatedKeys } from "./host-keys.ts";
import { addressIn, identityIn, type StackRoom } from "./machine-address.ts";
import type { Stack } from "./stack.ts";

/**
 * The hosts on the way to a machine as the stack states them, the nearest first. A machine of the fleet is known by its
 * keys and address; a way ends at the machine itself, so that a default for all leaves the jump host reachable.
 * @returns undefined: nothing is stated, and `~/.ssh/config` counts.
 * @throws {StackConfigError} @throws {TargetSyntaxError}
 */
export async function readJumpHosts(machine: string, room: StackRoom): Promise<readonly StatedJump[] | undefined> {
  const { config, file } = room.stack;
  const own = config.hosts?.[machine]?.proxyJump;
  const text = own ?? config.proxyJump;
  if (text === undefined) return undefined;
  if (text === "none") return [];
  const definedAt = `${file}: pulumi-clan:${own === undefined ? "" : `hosts.${machine}.`}proxyJump`;
  const hops = text.split(",").map((part) => parseTarget(part.trim(), definedAt));
  const itself = hops.findIndex(({ address }) => address === machine);
  const before = itself < 0 ? hops : hops.slice(0, itself);
  return Promise.all(before.map((hop) => jumpHost(hop, definedAt, room)));
}

async function jumpHost(hop: Target, definedAt: string, room: StackRoom): Promise<StatedJump> {
  const { config } = room.stack;
  const machine = Object.hasOwn(room.model.machines, hop.address) ? hop.address : undefined;
  const asMachine = machine === undefined ? undefined : config.hosts?.[machine];
  const identityFile = config.jumpHosts?.[hop.address]?.identityFile ?? asMachine?.identityFile;
  const target = machine === undefined ? renderTarget(hop) : machineTarget(hop, definedAt, room);
  const mesh = machine === undefined ? undefined : await readMeshAddress(varsFolder(room), machine, target, room.model);
  return {
    target,
    ...(mesh === undefined ? {} : { address: mesh.address }),
    definedAt,
    hostKeys: await pinsOf(hop.address, machine, room),
    identityFiles: identityFile === undefined ? [] : [identityIn(room.root, identityFile)],
  };
}

/** Without any the operator's known_hosts is asked later. */
function pinsOf(host: string, machine: string | undefined, room: StackRoom) {
  const { config, file } = room.stack;
  const own = config.jumpHosts?.[host]?.hostKey;
  const key = own ?? (machine === undefined ? undefined : config.hosts?.[machine]?.hostKey);
  const definedAt = `${file}: pulumi-clan:${own === undefined ? "hosts" : "jumpHosts"}.${host}.hostKey`;
  const declared = key === undefined ? {} : { declared: { key, definedAt } };
  return readStatedKeys(machine, { varsDirectory: varsFolder(room), ...declared });
}

function varsFolder({ root, stack }: StackRoom): string {
  return path.resolve(root, stack.config.vars ?? "vars");
}

function machineTarget(hop: Target, definedAt: string, room: StackRoom): string {
  const stated = addressIn(hop.address, room);
  // A node's own address is known only once it is there.
  if (stated !== undefined && stated.from !== "node")
    return renderTarget({ ...parseTarget(stated.targetHost, stated.definedAt), ...userOf(hop) });
  throw new StackConfigError({
    summary: `${hop.address}, a jump host, has no address that is known beforehand`,
    expected: "deploy.targetHost in the inventory, or pulumi-clan:hosts in the stack",
    found: "neither",
    at: definedAt,
    fix: `state pulumi-clan:hosts.${hop.address}.targetHost in ${room.stack.file}, or write an address instead of the name`,
  });
}

function userOf({ user, port }: Target): Partial<Target> {
  return { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

function renderTarget({ user, address, port }: Target): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}

/** A pin for a host that is on nobody's way is a mistyped name: the host itself would be refused, or known by something else. */
export function unusedJumpHosts({ config, file }: Stack): StackConfigError[] {
  const ways = [config.proxyJump, ...Object.values(config.hosts ?? {}).map(({ proxyJump }) => proxyJump)];
  const named = ways.flatMap((text) => (text === undefined || text === "none" ? [] : text.split(",")));
  const used = [...new Set(named.map((text) => parseTarget(text.trim(), `${file}: pulumi-clan:proxyJump`).address))];
  return Object.keys(config.jumpHosts ?? {})
    .filter((name) => !used.includes(name))
    .map((name) => {
      const near = nearestNames(name, used)[0];
      return new StackConfigError({
        summary: `${file} describes the jump host ${name}, through which no way goes`,
        expected: used.length === 0 ? "a proxyJump that names it" : `one of ${used.join(", ")}`,
        found: name,
        at: `${file}: pulumi-clan:jumpHosts.${name}`,
        fix: near === undefined ? "name it in proxyJump, or remove it" : `write "${near}"`,
      });
    });
}
