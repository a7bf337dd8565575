import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "../clan/read-fleet.ts";
import type { StatedNode } from "../components/node-order.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import type { EvaluationTarget } from "../local-nix/evaluation-request.ts";
import { evaluateGoogleImage } from "../local-nix/image-evaluation.ts";
import type { Report } from "../report.ts";
import type { HostConnection } from "../stack/connections.ts";
import { settingsFor, sourceOf } from "../stack/evaluate-systems.ts";
import type { KnownNode } from "../stack/known-nodes.ts";
import { publicHalves } from "../stack/login-keys.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";
import { isReplaced } from "../stack/unconfirmed-nodes.ts";

/** What the nodes are planned with. */
export interface NodeRoom {
  readonly fleet: Fleet;
  readonly stack: Stack;
  readonly connections: ReadonlyMap<string, HostConnection>;
  /** Machine → VM of the state. */
  readonly vms: ReadonlyMap<string, KnownNode>;
}

/** The nodes of a stack's machines, with what its state says of their VMs. @throws {NixEvaluationError} for an image. */
export async function planNodes(
  owned: readonly OwnedMachine[],
  room: NodeRoom,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StatedNode>> {
  const planned = new Map<string, StatedNode>();
  for (const { machine, spec, node } of owned) {
    if (node === undefined) continue;
    const vm = room.vms.get(machine);
    const kept = vm !== undefined && !isReplaced(vm, node.spec, node.zone) ? vm : undefined;
    const connection = room.connections.get(machine);
    if (connection === undefined) throw new Error(`${machine} has no connection`);
    const isOwn = typeof node.spec.image !== "string";
    const isForeign = kept === undefined ? !isOwn : !kept.isInstalled && !kept.hasOwnImage;
    planned.set(machine, {
      ...node,
      ...(kept?.isOff === true ? { stoppedIn: kept.zone } : {}),
      ...(isForeign ? { firstLogin: await firstLogin(machine, connection, room.stack, report) } : {}),
      ...(isOwn && (kept === undefined || kept.hasOwnImage)
        ? { imageOrder: await imageOrder({ machine, class: spec.class }, kept, room, report, signal) }
        : {}),
    });
  }
  return planned;
}

/** A VM that is there needs no image any more: what it is made of is not even evaluated. */
async function imageOrder(
  target: EvaluationTarget,
  kept: KnownNode | undefined,
  { fleet, stack }: NodeRoom,
  report: Report,
  signal: AbortSignal,
): Promise<StatedNode["imageOrder"]> {
  const owner = { project: stack.project, stack: stack.name };
  if (kept !== undefined) return { build: null, owner, isDeployed: kept.isInstalled };
  const settings = settingsFor(stack, await sourceOf(fleet, report, signal));
  return { build: await evaluateGoogleImage(target, settings, signal), owner, isDeployed: false };
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
