import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import { ServiceInstance } from "./service-instance.ts";

export interface InventoryArgs {
  readonly model: Pick<FleetModel, "machines" | "tags" | "instances">;
}

/** Who does what: machines with their tags, and clan's service instances. Child per instance: `<name>-<instance>`. */
export class Inventory extends pulumi.ComponentResource {
  constructor(name: string, { model }: InventoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const machines = Object.fromEntries(
      Object.entries(model.machines).map(([machine, { class: machineClass, tags, description }]) => [
        machine,
        { class: machineClass, tags, description },
      ]),
    );
    super("clan:index:Inventory", name, { machines, tags: model.tags }, opts);
    for (const [instance, { module, roles }] of Object.entries(model.instances)) {
      new ServiceInstance(`${name}-${instance}`, { instance, module, roles }, { parent: this });
    }
    this.registerOutputs({});
  }
}
