import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import { Inventory } from "./inventory.ts";
import type { MachineSettings } from "./machine.ts";
import { type MachineOutcome, MachineRegistry } from "./machine-registry.ts";
import type { Remark } from "./remark.ts";

export interface FleetArgs {
  /** The whole fleet; its inventory is shown whole whatever part of the machines the stack owns. */
  readonly model: FleetModel;
  /** The machines that this stack owns, with their evaluated systems. */
  readonly machines: readonly MachineSettings[];
  /** Warnings, each told on the resource that it concerns. Default: none. */
  readonly remarks?: readonly Remark[];
}

/** The whole fleet as one stack sees it. Children: `<name>-inventory`, `<name>-registry`. */
export class Fleet extends pulumi.ComponentResource {
  /** Machine → outcome of its last deployment; the table that `npm run quickstart` prints. */
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;

  constructor(name: string, { model, machines, remarks = [] }: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:Fleet", name, { fleet: model.name, machines: machines.map(({ machine }) => machine) }, opts);
    const inventory = new Inventory(`${name}-inventory`, { model }, { parent: this });
    const registry = new MachineRegistry(`${name}-registry`, { machines }, { parent: this });
    this.machines = registry.machines;
    for (const { subject, text } of remarks) {
      const part = subject.kind === "machine" ? registry.machineNamed(subject.name) : inventory.partNamed(subject);
      void pulumi.log.warn(text, part ?? this);
    }
    this.registerOutputs({ machines: this.machines });
  }
}
