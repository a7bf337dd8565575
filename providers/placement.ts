import type * as pulumi from "@pulumi/pulumi";
import type { PlacementInputs, PlacementOutputs } from "./placement-schema.ts";
import { StoredResource, storedRuntime } from "./stored-resource.ts";

type Module = typeof import("pulumi-clan/runtime/placement");
const runtime = storedRuntime<PlacementInputs, PlacementOutputs, Module>()("pulumi-clan/runtime/placement", [
  "check",
  "diff",
  "create",
  "update",
  "delete",
]);

/** Every input as a program gives it. */
export type PlacementArgs = { readonly [K in keyof PlacementInputs]: pulumi.Input<PlacementInputs[K]> };

/**
 * The zone of one VM: the first candidate that has room for it, which is held until the VM takes it. Within one `up`, where
 * a failed `gcp.compute.Instance` could not be tried elsewhere. The zone stays while it is a candidate.
 */
export class Placement extends StoredResource {
  declare readonly placedIn: pulumi.Output<string>;

  constructor(name: string, args: PlacementArgs, opts?: pulumi.CustomResourceOptions) {
    super("Placement", runtime, name, { placedIn: undefined, reservation: undefined, ...args }, opts);
  }
}
