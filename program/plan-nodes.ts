import * as pulumi from "@pulumi/pulumi";
import type { StatedNode } from "../components/node-order.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import type { Report } from "../report.ts";
import type { HostConnection } from "../stack/connections.ts";
import type { KnownNode } from "../stack/known-nodes.ts";
import { publicHalves } from "../stack/login-keys.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";
import { isReplaced } from "../stack/unconfirmed-nodes.ts";

/** The nodes of a stack's machines, with what its state says of their VMs. @param vms - machine → VM of the state. */
export async function planNodes(
  owned: readonly OwnedMachine[],
  connections: ReadonlyMap<string, HostConnection>,
  stack: Stack,
  vms: ReadonlyMap<string, KnownNode>,
  report: Report,
): Promise<ReadonlyMap<string, StatedNode>> {
  const planned = new Map<string, StatedNode>();
  for (const { machine, node } of owned) {
    if (node === undefined) continue;
    const vm = vms.get(machine);
    const kept = vm !== undefined && !isReplaced(vm, node.spec, node.zone) ? vm : undefined;
    const connection = connections.get(machine);
    if (connection === undefined) throw new Error(`${machine} has no connection`);
    planned.set(machine, {
      ...node,
      ...(kept?.isOff === true ? { stoppedIn: kept.zone } : {}),
      ...(kept?.isInstalled === true ? {} : { firstLogin: await firstLogin(machine, connection, stack, report) }),
    });
  }
  return planned;
}

async function firstLogin(
  machine: string,
  { targetHost, definedAt, identityFiles }: HostConnection,
  { config, file }: Stack,
  report: Report,
): Promise<StatedNode["firstLogin"]> {
  const keys = config.nodes?.[machine]?.loginKeys ?? (await publicHalves(identityFiles));
  if (keys.length === 0 && pulumi.runtime.isDryRun()) {
    const message =
      `no key is known that could log in to the system of its image\n` +
      `  fix: state identityFile, or pulumi-clan:nodes.${machine}.loginKeys in ${file}; an image with keys of its own needs neither`;
    report({ level: "warning", subject: machine, phase: "node", message });
  }
  return { user: parseTarget(targetHost, definedAt).user ?? "root", keys };
}
