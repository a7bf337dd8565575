import type { StatedNode } from "../components/node-order.ts";
import type { KnownNode } from "../stack/known-nodes.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { isReplaced } from "../stack/unconfirmed-nodes.ts";

/** The nodes of a stack's machines, with what its state says of their VMs. @param vms - machine → VM of the state. */
export function planNodes(
  owned: readonly OwnedMachine[],
  vms: ReadonlyMap<string, KnownNode>,
): ReadonlyMap<string, StatedNode> {
  const planned = new Map<string, StatedNode>();
  for (const { machine, node } of owned) {
    if (node === undefined) continue;
    const vm = vms.get(machine);
    const kept = vm !== undefined && !isReplaced(vm, node.spec, node.zone) ? vm : undefined;
    planned.set(machine, { ...node, ...(kept?.isOff === true ? { stoppedIn: kept.zone } : {}) });
  }
  return planned;
}
