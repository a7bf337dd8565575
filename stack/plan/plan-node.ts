import type { NodePlan } from "../../clan/plan/machine-plan.ts";
import { nodeCost } from "../../cloud/gcp/prices.ts";
import type { KnownNode } from "../known-nodes.ts";
import type { OwnedMachine } from "../owned-machines.ts";
import { replacingChanges } from "../unconfirmed-nodes.ts";

/**
 * What an update does to the node under a machine, by the stack's state: what was changed in the cloud's own console is seen
 * by a refresh alone.
 * @param vms - machine → its VM, as the state has it; undefined: the state cannot be read.
 * @param zones - machine → the zone that was found for its VM: it stays while it is a candidate, whatever becomes of the VM.
 * @returns undefined: the machine is on no node.
 */
export function planNode(
  { machine, node }: OwnedMachine,
  vms: ReadonlyMap<string, KnownNode> | undefined,
  zones: ReadonlyMap<string, string> | undefined = new Map(),
): NodePlan | undefined {
  if (node === undefined) return undefined;
  const { spec, power, zone } = node;
  const vm = vms?.get(machine);
  const candidates = zone === undefined ? spec.zones : [zone];
  const found = zones.get(machine) ?? vm?.zone;
  // Which of several has room is asked when the VM is made.
  const chosen = candidates.find((one) => one === found || candidates.length === 1) ?? null;
  const tried = chosen === null ? [...candidates] : [];
  const priced = { ...spec, ...(chosen === null ? {} : { zones: [chosen] }) };
  const after = nodeCost(priced, power).monthly;
  if (vms === undefined || vm === undefined)
    return {
      action: vms === undefined ? "unknown" : "create",
      changes: [],
      power: { before: vms === undefined ? null : "absent", after: power },
      zone: { before: null, after: chosen },
      // A state that cannot be read may have a VM, which stays where it is.
      zonesTried: vms === undefined ? [] : tried,
      costPerMonth: { before: vms === undefined ? null : 0, after },
    };
  const before = vm.isOff ? "off" : "on";
  const replacing = replacingChanges(vm, spec, zone);
  const inPlace = [
    ...(before === power ? [] : [`power ${before} → ${power}`]),
    ...(vm.machineType === undefined || vm.machineType === spec.machineType
      ? []
      : [`machineType ${vm.machineType} → ${spec.machineType}, for which it is stopped`]),
  ];
  const stays = replacing.length === 0;
  return {
    action: !stays ? "replace" : inPlace.length > 0 ? "update" : "none",
    changes: [...replacing, ...inPlace],
    power: { before, after: power },
    zone: { before: vm.zone, after: stays ? vm.zone : chosen },
    zonesTried: stays ? [] : tried,
    costPerMonth: {
      before: costOf(vm, before),
      after: stays ? nodeCost({ ...spec, zones: [vm.zone] }, power).monthly : after,
    },
  };
}

/** What becomes of a node whose machine leaves the stack. */
export function planLeavingNode(vm: KnownNode): NodePlan {
  const before = vm.isOff ? "off" : "on";
  return {
    action: "delete",
    changes: [],
    power: { before, after: "absent" },
    zone: { before: vm.zone, after: null },
    zonesTried: [],
    costPerMonth: { before: costOf(vm, before), after: 0 },
  };
}

/** What a node that the state has costs in a month; null: no price is known. */
function costOf({ machineType, accelerators, zone, diskSizeGb }: KnownNode, power: "on" | "off"): number | null {
  if (machineType === undefined || diskSizeGb === undefined) return null;
  return nodeCost({ machineType, accelerators, zones: [zone], diskSizeGb }, power).monthly;
}
