import { isDeepStrictEqual } from "node:util";
import { type ActivationPolicy, activationPolicySchema } from "../deploy/activation/policy.ts";
import type { ClosureOutputs } from "./system-closure-schema.ts";

const defaults: Readonly<Record<string, unknown>> = activationPolicySchema.parse({});

/**
 * What of a policy differs from the defaults: a state has it twice for every machine. Whoever reads it parses it, which brings
 * the defaults back; former releases stored all of it.
 */
export function statedPolicy(policy: ActivationPolicy): ActivationPolicy {
  const stated = Object.entries(policy).filter(([key, value]) => !isDeepStrictEqual(value, defaults[key]));
  // As stored: every key has a default, so the schema takes it whatever is left out.
  return Object.fromEntries(stated) as ActivationPolicy;
}

/** A policy as a state of any release, or a program, has it; what cannot be read asks for nothing. */
export function wholePolicy(stored: unknown): ActivationPolicy {
  return activationPolicySchema.catch(() => activationPolicySchema.parse({})).parse(stored);
}

/**
 * Outputs without what stands among the inputs and is asked of nobody's outputs: what the probe saw before the deployment,
 * and the list of secrets. Engines write a stack's whole state at every step.
 */
export function storedOutputs(outputs: ClosureOutputs): ClosureOutputs {
  return { ...outputs, policy: statedPolicy(outputs.policy), observed: null, secrets: null };
}
