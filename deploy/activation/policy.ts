import { z } from "zod";

/** How a deployment behaves on a host. Every value has its default here and nowhere else. */
export const activationPolicySchema = z.strictObject({
  /** Take a host over that another project, stack or machine owns. */
  takeOver: z.boolean().default(false),
  /** For switch-to-configuration or activate; then it is stopped. */
  testDeadlineSeconds: z.int().min(5).max(86_400).default(900),
  commitDeadlineSeconds: z.int().min(5).max(86_400).default(300),
  pushDeadlineSeconds: z.int().min(5).max(86_400).default(7_200),
  /** After a lost connection during a phase, for getting it back. */
  reconnectDeadlineSeconds: z.int().min(1).max(3_600).default(180),
});
export type ActivationPolicy = z.output<typeof activationPolicySchema>;
