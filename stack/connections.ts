import path from "node:path";
import type { FleetModel } from "../clan/fleet-model.ts";
import type { StackConfigError } from "../clan/stack-config.ts";
import { readMeshAddress } from "../clan/vars/mesh-address.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";
import type { StatedJump } from "../deploy/ssh/resolve-connection.ts";
import { throwGathered } from "../errors.ts";
import { missingIdentities, sharedAddresses, unknownHosts, unusableKeys } from "./check-hosts.ts";
import { readPinnedKeys } from "./host-keys.ts";
import { readJumpHosts, unusedJumpHosts } from "./jump-hosts.ts";
import { addressIn, identityIn, type MachineAddress, noAddressFor, type StackRoom } from "./machine-address.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** The way to one machine, as the stack and the inventory state it. */
export interface HostConnection extends MachineAddress {
  readonly identityFiles: readonly string[];
  readonly hostKeys: readonly PinnedHostKey[];
  /** The nearest first; absent: what `~/.ssh/config` says. */
  readonly jumpHosts?: readonly StatedJump[];
  /** Absent: whichever can. */
  readonly backEnd?: "auto" | "ssh2" | "openssh";
  /** Of a name of the mesh; dialled in its place. */
  readonly address?: string;
}

/**
 * Source of the address, in order: the stack's `hosts`, the cloud node's, the inventory's `deploy.targetHost`; a name of the
 * mesh is dialled at its address in the clan's vars.
 * @param known - addresses that the caller has from elsewhere; they win.
 * @throws {StackConfigError} @throws {TargetSyntaxError} gathered, before any host is asked
 */
export async function readConnections(
  root: string,
  stack: Stack,
  model: FleetModel,
  machines: readonly OwnedMachine[],
  signal: AbortSignal,
  known: ReadonlyMap<string, MachineAddress> = new Map(),
): Promise<ReadonlyMap<string, HostConnection>> {
  const room: StackRoom = { root, stack, model };
  const errors: StackConfigError[] = unknownHosts(room);
  const targets = new Map<string, MachineAddress>();
  for (const { machine, spec, node } of machines) {
    const target = known.get(machine) ?? addressIn(machine, room, node !== undefined);
    if (target === undefined) errors.push(noAddressFor(machine, spec, stack));
    else targets.set(machine, target);
  }
  errors.push(...sharedAddresses(targets, room), ...missingIdentities(room), ...unusableKeys(room));
  throwGathered([...errors, ...unusedJumpHosts(stack)]);
  const entries = [...targets].map(
    async ([machine, target]) => [machine, await connectionOf(machine, target, room, signal)] as const,
  );
  return new Map(await Promise.all(entries));
}

async function connectionOf(
  machine: string,
  target: MachineAddress,
  room: StackRoom,
  signal: AbortSignal,
): Promise<HostConnection> {
  const { config, file } = room.stack;
  const host = config.hosts?.[machine];
  const identityFile = host?.identityFile ?? config.identityFile;
  const varsDirectory = path.resolve(room.root, config.vars ?? "vars");
  const definedAt = `${file}: pulumi-clan:hosts.${machine}.hostKey`;
  const declared = host?.hostKey === undefined ? {} : { declared: { key: host.hostKey, definedAt } };
  const address = parseTarget(target.targetHost, target.definedAt);
  const hostKeys = await readPinnedKeys(machine, address, { varsDirectory, ...declared }, signal);
  const jumpHosts = await readJumpHosts(machine, room);
  const backEnd = host?.backEnd ?? config.backEnd;
  const mesh = await readMeshAddress(varsDirectory, machine, target.targetHost, room.model);
  return {
    ...target,
    identityFiles: identityFile === undefined ? [] : [identityIn(room.root, identityFile)],
    hostKeys,
    ...(jumpHosts === undefined ? {} : { jumpHosts }),
    ...(backEnd === undefined ? {} : { backEnd }),
    ...(mesh === undefined ? {} : { address: mesh.address }),
  };
}
