import type * as pulumi from "@pulumi/pulumi";
import type { InstallationInputs, InstallationOutputs } from "./installation-schema.ts";
import { StoredResource, storedRuntime } from "./stored-resource.ts";

type Module = typeof import("pulumi-clan/runtime/installation");
const runtime = storedRuntime<InstallationInputs, InstallationOutputs, Module>()("pulumi-clan/runtime/installation", [
  "check",
  "diff",
  "create",
  "update",
]);

/** Every input as a program gives it: plain data, or values known only after another resource (a node's address). */
export type InstallationArgs = { readonly [K in keyof InstallationInputs]: pulumi.Input<InstallationInputs[K]> };

/**
 * A machine that ran another system and was made a NixOS. Once installed it stays so: another system is the deployment's
 * concern. It is installed again when the VM under it is another one, or when `reinstall` names it.
 */
export class Installation extends StoredResource {
  /** `installed` by a run of ours; `already`: it ran a NixOS. */
  declare readonly installed: pulumi.Output<string | null>;
  /** Of the system that was found or made. */
  declare readonly machineId: pulumi.Output<string | null>;

  constructor(name: string, args: InstallationArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { installed: undefined, machineId: undefined, wiped: undefined, seconds: undefined };
    super("Installation", runtime, name, { ...outputs, ...args }, opts);
  }
}
