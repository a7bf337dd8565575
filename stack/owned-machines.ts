import type { FleetModel, MachineModel, NodeModel } from "../clan/fleet-model.ts";
import type { Stack } from "./stack.ts";

/** A machine that the stack deploys. One whose node is `absent` is none. */
export interface OwnedMachine {
  readonly machine: string;
  readonly spec: MachineModel;
  /** The cloud node under it. Absent: the machine is somewhere already. */
  readonly node?: { readonly spec: NodeModel; readonly power: "on" | "off"; readonly zone?: string | undefined };
}

/** The machines that exist for this stack, with the state that it wants their nodes in. */
export function planMachines(model: FleetModel, names: readonly string[], { config }: Stack): OwnedMachine[] {
  return names.flatMap((machine) => {
    const spec = byName(model.machines, machine);
    const nodeSpec = byName(model.nodes, machine);
    if (spec === undefined) return [];
    if (nodeSpec === undefined) return [{ machine, spec }];
    const { power = "on", zone } = byName(config.nodes ?? {}, machine) ?? {};
    return power === "absent" ? [] : [{ machine, spec, node: { spec: nodeSpec, power, zone } }];
  });
}

/** Own keys of the record only: a name such as `constructor` is no machine. */
function byName<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
