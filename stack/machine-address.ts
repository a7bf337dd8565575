import { homedir } from "node:os";
import path from "node:path";
import type { FleetModel, MachineModel } from "../clan/fleet-model.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import type { Stack } from "./stack.ts";

/** What is known before any host is asked. */
export interface StackRoom {
  /** Folder of the project. */
  readonly root: string;
  readonly stack: Stack;
  readonly model: FleetModel;
}

/** Where a machine is, and who says so. */
export interface MachineAddress {
  /** `[user@]host[:port]`. */
  readonly targetHost: string;
  /** Where it was stated. */
  readonly definedAt: string;
  /** `node`: user and port count, and the address of the cloud node takes the host's place when it is known. */
  readonly from: "stack" | "inventory" | "node";
}

/**
 * What the stack states for a machine wins, also over its node's own address: a node that is reached over a VPN, or from
 * inside its network, is known by another one. The inventory is the same in every stack and cannot know an address that
 * is given out when the node is made: of it, user and port count. @returns undefined: nothing says where it is.
 */
export function addressIn(
  machine: string,
  { stack, model }: Omit<StackRoom, "root">,
  onNode = Object.hasOwn(model.nodes, machine),
): MachineAddress | undefined {
  const configured = stack.config.hosts?.[machine]?.targetHost;
  if (configured !== undefined) {
    const definedAt = `${stack.file}: pulumi-clan:hosts.${machine}.targetHost`;
    return { targetHost: configured, definedAt, from: "stack" };
  }
  const spec = Object.entries(model.machines).find(([name]) => name === machine)?.[1];
  if (spec === undefined) return undefined;
  const definedAt = definitionOf(spec);
  if (onNode) return { targetHost: spec.targetHost ?? `root@${machine}`, definedAt, from: "node" };
  return spec.targetHost === null ? undefined : { targetHost: spec.targetHost, definedAt, from: "inventory" };
}

/** @returns the error for a machine that nothing places. */
export function noAddressFor(machine: string, spec: MachineModel, { name }: Stack): StackConfigError {
  return new StackConfigError({
    summary: `${machine} has no target host: nothing says where it is`,
    expected: "deploy.targetHost in the inventory, or pulumi-clan:hosts in the stack",
    found: "neither",
    at: definitionOf(spec),
    fix:
      `add deploy: { targetHost: "root@${machine}.example" } to the machine, or ` +
      `pulumi config set --path 'pulumi-clan:hosts.${machine}.targetHost' root@… --stack ${name}`,
  });
}

function definitionOf({ definedAt }: MachineModel): string {
  return `${definedAt.file}:${definedAt.line ?? 1}`;
}

/** A key file's path as the stack states it: relative to the project, or `~/…`. */
export function identityIn(root: string, file: string): string {
  return path.resolve(root, file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file);
}
