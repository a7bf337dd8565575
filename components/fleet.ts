import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import { Inventory } from "./inventory.ts";
import type { MachineSettings } from "./machine.ts";
import { type MachineOutcome, MachineRegistry } from "./machine-registry.ts";

export interface FleetArgs {
  /** The whole fleet; its inventory is shown whole whatever part of the machines the stack owns. */
  readonly model: FleetModel;
  /** The machines that this stack owns, with their evaluated systems. */
  readonly machines: readonly MachineSettings[];
}

/** The whole fleet as one stack sees it. Children: `<name>-inventory`, `<name>-registry`. */
export class Fleet extends pulumi.ComponentResource {
  /** Machine → outcome of its last deployment; the table that `npm run quickstart` prints. */
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;

  constructor(name: string, { model, machines }: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:Fleet", name, { fleet: model.name, machines: machines.map(({ machine }) => machine) }, opts);
    new Inventory(`${name}-inventory`, { model }, { parent: this });
    const registry = new MachineRegistry(`${name}-registry`, { machines }, { parent: this });
    this.machines = registry.machines;
    this.registerOutputs({ machines: this.machines });
  }
}
