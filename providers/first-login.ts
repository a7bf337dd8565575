import * as pulumi from "@pulumi/pulumi";
import type { FirstLoginInputs, FirstLoginOutputs } from "./first-login-schema.ts";

// Kept as text in every state, like the one of SystemClosure: it captures nothing, and the specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<FirstLoginInputs, FirstLoginOutputs> = {
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/first-login")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/first-login")).create(inputs);
  },
  async update(id, olds, news) {
    return (await import("pulumi-clan/runtime/first-login")).update(id, olds, news);
  },
};

/** Every input as a program gives it. */
export type FirstLoginArgs = { readonly [K in keyof FirstLoginInputs]: pulumi.Input<FirstLoginInputs[K]> };

/** The end of a VM's first login: what its metadata had for it is taken out when its system is the fleet's own. */
export class FirstLoginEnd extends pulumi.dynamic.Resource {
  constructor(name: string, args: FirstLoginArgs, opts?: pulumi.CustomResourceOptions) {
    super(shell, name, { closed: undefined, ...args }, opts, "clan", "FirstLoginEnd");
  }
}
