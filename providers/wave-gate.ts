import * as pulumi from "@pulumi/pulumi";
import type { WaveGateInputs } from "./wave-gate-schema.ts";

// Kept as text in every state, like the one of SystemClosure: it captures nothing, and the specifier never changes.
const shell: pulumi.dynamic.ResourceProvider<WaveGateInputs, WaveGateInputs> = {
  configure({ config }) {
    Object.assign(globalThis, { pulumiClanConfig: config });
    return Promise.resolve();
  },
  async check(olds, news) {
    return (await import("pulumi-clan/runtime/wave-gate")).check(olds, news);
  },
  async diff(id, olds, news) {
    return (await import("pulumi-clan/runtime/wave-gate")).diff(id, olds, news);
  },
  async create(inputs) {
    return (await import("pulumi-clan/runtime/wave-gate")).create(inputs);
  },
  async update(id, olds, news) {
    return (await import("pulumi-clan/runtime/wave-gate")).update(id, olds, news);
  },
};

/** Every input as a program gives it. */
export type WaveGateArgs = { readonly [K in keyof WaveGateInputs]: pulumi.Input<WaveGateInputs[K]> };

/**
 * Stands behind one wave of a rollout: waits, then looks at the machines that were deployed to. An error of it is a wave
 * that is closed, so that nothing behind it begins.
 */
export class WaveGate extends pulumi.dynamic.Resource {
  constructor(name: string, args: WaveGateArgs, opts?: pulumi.CustomResourceOptions) {
    super(shell, name, { ...args }, opts, "clan", "WaveGate");
  }
}
