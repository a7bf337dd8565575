import * as pulumi from "@pulumi/pulumi";
import type { InstallationInputs, InstallationOutputs } from "./installation-schema.ts";

// Stored in every state as text, like the shell of the system's resource: it captures nothing, and its specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<InstallationInputs, InstallationOutputs> = {
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async check(olds, news) {
    return (await import("pulumi-clan/runtime/installation")).check(olds, news);
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/installation")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/installation")).create(inputs);
  },
  async update(id, olds, news) {
    return (await import("pulumi-clan/runtime/installation")).update(id, olds, news);
  },
};

/** Every input as a program gives it: plain data, or values known only after another resource (a node's address). */
export type InstallationArgs = { readonly [K in keyof InstallationInputs]: pulumi.Input<InstallationInputs[K]> };

/**
 * A machine that ran another system and was made a NixOS. Once installed it stays so: another system is the deployment's
 * concern. It is installed again when the VM under it is another one, or when `reinstall` names it.
 */
export class Installation extends pulumi.dynamic.Resource {
  /** `installed` by a run of ours; `already`: it ran a NixOS. */
  declare readonly installed: pulumi.Output<string | null>;
  /** Of the system that was found or made. */
  declare readonly machineId: pulumi.Output<string | null>;

  constructor(name: string, args: InstallationArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { installed: undefined, machineId: undefined, wiped: undefined, seconds: undefined };
    super(shell, name, { ...outputs, ...args }, opts, "clan", "Installation");
  }
}
