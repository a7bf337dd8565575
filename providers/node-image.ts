import * as pulumi from "@pulumi/pulumi";
import type { NodeImageInputs, NodeImageOutputs } from "./node-image-schema.ts";

// Kept as text in every state, like the one of SystemClosure: it captures nothing, and the specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<NodeImageInputs, NodeImageOutputs> = {
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/node-image")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/node-image")).create(inputs);
  },
  async delete(id, props) {
    return (await import("pulumi-clan/runtime/node-image")).remove(id, props);
  },
};

/** Every input as a program gives it. */
export type NodeImageArgs = { readonly [K in keyof NodeImageInputs]: pulumi.Input<NodeImageInputs[K]> };

/** A machine's system as the image of a disk, built here and put into a bucket; once, for the VM that boots it first. */
export class NodeImage extends pulumi.dynamic.Resource {
  /** As Compute Engine reads it. */
  declare readonly source: pulumi.Output<string>;

  constructor(name: string, args: NodeImageArgs, opts?: pulumi.CustomResourceOptions) {
    super(shell, name, { object: undefined, source: undefined, ...args }, opts, "clan", "NodeImage");
  }
}
