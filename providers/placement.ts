import * as pulumi from "@pulumi/pulumi";
import type { PlacementInputs, PlacementOutputs } from "./placement-schema.ts";

// Kept as text in every state, like the one of SystemClosure: it captures nothing, and the specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<PlacementInputs, PlacementOutputs> = {
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async check(olds, news) {
    return (await import("pulumi-clan/runtime/placement")).check(olds, news);
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/placement")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/placement")).create(inputs);
  },
  async update(id, olds, news) {
    return (await import("pulumi-clan/runtime/placement")).update(id, olds, news);
  },
  async delete(id, props) {
    return (await import("pulumi-clan/runtime/placement")).remove(id, props);
  },
};

/** Every input as a program gives it. */
export type PlacementArgs = { readonly [K in keyof PlacementInputs]: pulumi.Input<PlacementInputs[K]> };

/**
 * The zone of one VM: the first candidate that has room for it, which is held until the VM takes it. Within one `up`, where
 * a failed `gcp.compute.Instance` could not be tried elsewhere. The zone stays while it is a candidate.
 */
export class Placement extends pulumi.dynamic.Resource {
  declare readonly placedIn: pulumi.Output<string>;

  constructor(name: string, args: PlacementArgs, opts?: pulumi.CustomResourceOptions) {
    super(shell, name, { placedIn: undefined, reservation: undefined, ...args }, opts, "clan", "Placement");
  }
}
