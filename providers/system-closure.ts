import * as pulumi from "@pulumi/pulumi";
import type { StorePath } from "../local-nix/store-path.ts";
import type { ClosureInputs, ClosureOutputs } from "./system-closure-schema.ts";

// Pulumi keeps this object as text in every resource's state, and refresh and destroy run that text. It captures
// nothing and imports by package name when called, so that an old state runs today's code. The specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<ClosureInputs, ClosureOutputs> = {
  // Only stores, and at once: a call that comes while this one waits runs unconfigured (seen with SDK 3.270). Secrets of
  // the stack reach a provider this way alone, so that none of them is an input and in the state.
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async check(olds, news) {
    return (await import("pulumi-clan/runtime/system-closure")).check(olds, news);
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/system-closure")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/system-closure")).create(inputs);
  },
  async read(id, props) {
    return (await import("pulumi-clan/runtime/system-closure")).read(id, props);
  },
  async update(id, olds, news) {
    return (await import("pulumi-clan/runtime/system-closure")).update(id, olds, news);
  },
  async delete(id, props) {
    return (await import("pulumi-clan/runtime/system-closure")).remove(id, props);
  },
};

/** Every input as a program gives it: plain data, or values known only after another resource (a node's address). */
export type SystemClosureArgs = { readonly [K in keyof ClosureInputs]: pulumi.Input<ClosureInputs[K]> };

/**
 * The system that one host runs: built, pushed, activated and verified as one transaction.
 * Identity is the machine, never its address: address, port, user and identity file may change without an update.
 */
export class SystemClosure extends pulumi.dynamic.Resource {
  /** Store path of the running system, as the host says. */
  declare readonly running: pulumi.Output<StorePath | null>;
  /** Outcome of the last deployment. */
  declare readonly outcome: pulumi.Output<string>;
  /** Number of the profile's generation. */
  declare readonly generation: pulumi.Output<number | null>;
  /** Whole seconds that the last deployment took. */
  declare readonly seconds: pulumi.Output<number>;
  /** Unix seconds of the end of the last deployment; null: never, or before it was kept. */
  declare readonly deployedAt: pulumi.Output<number | null>;
  /** Store path that ran before the last deployment. */
  declare readonly previous: pulumi.Output<StorePath | null>;
  /** System units that failed after it. */
  declare readonly failedUnits: pulumi.Output<string[]>;

  constructor(name: string, args: SystemClosureArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { running: undefined, outcome: undefined, generation: undefined, seconds: undefined };
    const since = { deployedAt: undefined, previous: undefined, failedUnits: undefined };
    super(shell, name, { ...outputs, ...since, ...args }, opts, "clan", "SystemClosure");
  }
}
