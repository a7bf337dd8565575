import * as pulumi from "@pulumi/pulumi";
import type { StorePath } from "../local-nix/store-path.ts";
import type { Times } from "../stack/times.ts";
import { statedPolicy } from "./stored-closure.ts";
import { StoredResource, storedRuntime } from "./stored-resource.ts";
import type { ClosureInputs, ClosureOutputs } from "./system-closure-schema.ts";

type Module = typeof import("pulumi-clan/runtime/system-closure");
const runtime = storedRuntime<ClosureInputs, ClosureOutputs, Module>()("pulumi-clan/runtime/system-closure", [
  "check",
  "diff",
  "create",
  "read",
  "update",
  "delete",
]);

/** Every input as a program gives it: plain data, or values known only after another resource (a node's address). */
export type SystemClosureArgs = { readonly [K in keyof ClosureInputs]: pulumi.Input<ClosureInputs[K]> };

/**
 * The system that one host runs: built, pushed, activated and verified as one transaction.
 * Identity is the machine, never its address: address, port, user and identity file may change without an update.
 */
export class SystemClosure extends StoredResource {
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
  /** Where the time of the last deployment went; null: never deployed, or before it was kept. */
  declare readonly took: pulumi.Output<Times | null>;
  /** Store path that ran before the last deployment. */
  declare readonly previous: pulumi.Output<StorePath | null>;
  /** System units that failed after it. */
  declare readonly failedUnits: pulumi.Output<string[]>;

  constructor(name: string, args: SystemClosureArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { running: undefined, outcome: undefined, generation: undefined, seconds: undefined };
    const since = { deployedAt: undefined, previous: undefined, failedUnits: undefined, took: undefined };
    const policy = pulumi.output(args.policy).apply(statedPolicy);
    super("SystemClosure", runtime, name, { ...outputs, ...since, ...args, policy }, opts);
  }
}
