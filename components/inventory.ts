import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import type { Remark } from "./remark.ts";
import { ServiceInstance } from "./service-instance.ts";

export interface InventoryArgs {
  /** Of the fleet what is shown. */
  readonly model: Pick<FleetModel, "machines" | "tags" | "instances">;
}

/** Who does what: machines with their tags, and clan's service instances. Child per instance: `<name>-<instance>`. */
export class Inventory extends pulumi.ComponentResource {
  readonly #instances = new Map<string, ServiceInstance>();

  constructor(name: string, { model }: InventoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const machines = Object.fromEntries(
      Object.entries(model.machines).map(([machine, { class: machineClass, tags, description }]) => [
        machine,
        { class: machineClass, tags, description },
      ]),
    );
    super("clan:index:Inventory", name, { machines, tags: model.tags }, opts);
    for (const [instance, { module, roles }] of Object.entries(model.instances)) {
      const args = { instance, module, roles };
      this.#instances.set(instance, new ServiceInstance(`${name}-${instance}`, args, { parent: this }));
    }
    this.registerOutputs({});
  }
  /** The resource of an instance, or of the instance of a role; the inventory itself for tags and unknown instances. */
  partNamed({ kind, name }: Remark["subject"]): pulumi.Resource | undefined {
    if (kind === "tag") return this;
    if (kind !== "instance" && kind !== "role") return undefined;
    return this.#instances.get(kind === "role" ? name.slice(0, name.lastIndexOf("/")) : name) ?? this;
  }
}
