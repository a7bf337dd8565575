import type { FleetModel, MachineModel, MachineName } from "../fleet-model.ts";
import { parseTargetHost, type TargetHost } from "../target-host.ts";
import type { CheckContext } from "./context.ts";
import { isNear } from "./near-names.ts";

/** A machine by its name; undefined where the model has none. */
export function machineOf({ machines }: FleetModel, name: string): MachineModel | undefined {
  // The key's brand says no more than that it is there.
  return Object.hasOwn(machines, name) ? machines[name as MachineName] : undefined;
}

/**
 * By which account and port a machine is deployed: its target host's, or on a node root's. Undefined where nobody says that
 * it is deployed over SSH: a laptop may be switched by hand.
 */
export function deployedAt(name: string, { model, configurations }: CheckContext): TargetHost | undefined {
  const stated = machineOf(model, name)?.targetHost ?? configurations.get(name)?.targetHost ?? null;
  if (stated !== null) return parseTargetHost(stated);
  return Object.hasOwn(model.nodes, name) ? { user: "root", host: name, port: undefined } : undefined;
}

/** The names of the model's machines. */
export function machineNames({ model }: CheckContext): readonly MachineName[] {
  // zod types a record's keys as text; machineNameSchema has branded each.
  return Object.keys(model.machines) as MachineName[];
}

/**
 * Machines without a body where others have one by registration: neither registered nor with a folder
 * `machines/<m>/configuration.nix`, which clan imports by itself.
 */
export function bodiless(context: CheckContext): readonly MachineName[] {
  const { model, tree } = context;
  if (!Object.values(model.machines).some(({ registered }) => registered)) return [];
  return machineNames(context).filter((name) => {
    const machine = model.machines[name];
    if (machine === undefined || machine.registered || machine.imports.length > 0) return false;
    return tree?.machineFolders.get(name)?.hasConfiguration !== true;
  });
}

/** Machine of the inventory that nothing builds → registered machine that is not in the inventory and nearly has its name. */
export function misspeltMachines(context: CheckContext): ReadonlyMap<string, string> {
  const { model } = context;
  const unlisted = machineNames(context).filter((name) => {
    const machine = model.machines[name];
    return machine?.registered === true && !machine.inInventory;
  });
  const pairs = bodiless(context).flatMap((name) => {
    const meant =
      model.machines[name]?.inInventory === true ? unlisted.find((other) => isNear(name, other)) : undefined;
    return meant === undefined ? [] : [[name, meant] as const];
  });
  return new Map(pairs);
}
