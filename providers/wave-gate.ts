import type * as pulumi from "@pulumi/pulumi";
import { StoredResource, storedRuntime } from "./stored-resource.ts";
import type { WaveGateInputs, WaveGateOutputs } from "./wave-gate-schema.ts";

type Module = typeof import("pulumi-clan/runtime/wave-gate");
const runtime = storedRuntime<WaveGateInputs, WaveGateOutputs, Module>()("pulumi-clan/runtime/wave-gate", [
  "check",
  "diff",
  "create",
  "update",
]);

/** Every input as a program gives it. */
export type WaveGateArgs = { readonly [K in keyof WaveGateInputs]: pulumi.Input<WaveGateInputs[K]> };

/**
 * Stands behind one wave of a rollout: waits, then looks at the machines that were deployed to. An error of it is a wave
 * that is closed, so that nothing behind it begins.
 */
export class WaveGate extends StoredResource {
  constructor(name: string, args: WaveGateArgs, opts?: pulumi.CustomResourceOptions) {
    super("WaveGate", runtime, name, { ...args }, opts);
  }
}
