import type { Command } from "commander";
import { z } from "zod";
import { type ActivationPolicy, activationPolicySchema } from "../deploy/activation/policy.ts";

/** The stack's policy with what the command line says of the specialisation: a name, `false` for none, or nothing. */
export function withSpecialisation(
  policy: ActivationPolicy,
  { specialisation }: { readonly specialisation?: string | false },
  command: Command,
): ActivationPolicy {
  if (specialisation === undefined) return policy;
  const parsed = activationPolicySchema.safeParse({ ...policy, specialisation: specialisation || null });
  if (!parsed.success) command.error(`error: ${z.prettifyError(parsed.error)}`, { exitCode: 2 });
  return parsed.data;
}
