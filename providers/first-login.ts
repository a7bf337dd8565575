import type * as pulumi from "@pulumi/pulumi";
import type { FirstLoginInputs, FirstLoginOutputs } from "./first-login-schema.ts";
import { StoredResource, storedRuntime } from "./stored-resource.ts";

type Module = typeof import("pulumi-clan/runtime/first-login");
const runtime = storedRuntime<FirstLoginInputs, FirstLoginOutputs, Module>()("pulumi-clan/runtime/first-login", [
  "diff",
  "create",
  "update",
]);

/** Every input as a program gives it. */
export type FirstLoginArgs = { readonly [K in keyof FirstLoginInputs]: pulumi.Input<FirstLoginInputs[K]> };

/** The end of a VM's first login: what its metadata had for it is taken out when its system is the fleet's own. */
export class FirstLoginEnd extends StoredResource {
  constructor(name: string, args: FirstLoginArgs, opts?: pulumi.CustomResourceOptions) {
    super("FirstLoginEnd", runtime, name, { closed: undefined, ...args }, opts);
  }
}
