import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";

type Instance = FleetModel["instances"][string];

export interface ServiceInstanceArgs {
  /** Its name in the inventory. */
  readonly instance: string;
  /** The service that it is one of, and the input that has it. */
  readonly module: Instance["module"];
  /** Roles with their resolved members: a tag that moves shows as a property diff of this resource. */
  readonly roles: Instance["roles"];
}

/** One clan service instance. It has no children: its effect is in its members' systems. */
export class ServiceInstance extends pulumi.ComponentResource {
  constructor(name: string, args: ServiceInstanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:ServiceInstance", name, { ...args }, opts);
    this.registerOutputs({});
  }
}
