import { z } from "zod";
import { SecretText } from "../deploy/ssh/secret-text.ts";

// Left there by the stored shell's configure(). A state of 0.1 has a shell without one: then nothing is configured.
const slotSchema = z.object({
  // The object itself and not a copy: its `get` is a method.
  pulumiClanConfig: z.custom<{ get(key: string): unknown }>(
    (value) => typeof value === "object" && value !== null && "get" in value && typeof value.get === "function",
  ),
});

/** One key of the stack's configuration, decrypted by Pulumi for this process; undefined: not set. */
export function configValue(key: string): unknown {
  return slotSchema.safeParse(globalThis).data?.pulumiClanConfig.get(key);
}

/** The stack's `pulumi-clan:sudoPassword`, decrypted by Pulumi for this process; it enters no input and no state. */
export function sudoPassword(): SecretText | undefined {
  const text = configValue("pulumi-clan:sudoPassword");
  return typeof text === "string" && text !== "" ? new SecretText(text) : undefined;
}
