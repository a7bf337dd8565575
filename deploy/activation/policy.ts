import { z } from "zod";
import { specialisationNameSchema } from "../boot/specialisation.ts";
import { healthGatesSchema } from "../health/health-gate.ts";
import { cacheSettingsSchema } from "../store/cache/cache-settings.ts";

const hookSchema = z.strictObject({
  /** Runs as root on the host, without a shell; everybody there can read it in the process list. */
  argv: z.array(z.string().max(8_192)).min(1).max(200),
  deadlineSeconds: z.int().min(1).max(3_600).default(60),
});
export type Hook = z.output<typeof hookSchema>;

const policySchema = z.strictObject({
  /** Take a host over that another project, stack or machine owns. */
  takeOver: z.boolean().default(false),
  /** `switch`: now and for the next boot; `boot`: only for the next boot; `test`: only until the next boot; `dry`: only look. */
  mode: z.enum(["switch", "boot", "test", "dry"]).default("switch"),
  /**
   * The specialisation that runs; null: none. Profile and boot entry are the system's own: after a reboot that runs, and
   * the next deployment switches into the specialisation again.
   */
  specialisation: specialisationNameSchema.nullable().default(null),
  /** How a tested system is made the next boot's. `switch` for systems with scripts that look at NIXOS_ACTION: it starts units again. */
  commitWith: z.enum(["boot", "switch"]).default("boot"),
  /**
   * Newly failed system units. `keep`: the system is committed with them. A home's or a user's session's failure never
   * leads to a rollback.
   */
  onFailedUnits: z.enum(["rollback", "keep"]).default("rollback"),
  /** No acknowledgement came. `keep`: the new system runs until the next boot. */
  onLostContact: z.enum(["rollback", "keep"]).default("rollback"),
  /** From the end of `test`, for health gates and the acknowledgement over a new connection. */
  ackDeadlineSeconds: z.int().min(5).max(86_400).default(180),
  /** For the way back to the previous system. */
  rollbackDeadlineSeconds: z.int().min(5).max(86_400).default(900),
  /** `never`: what needs a reboot is staged for the next one; `if-needed`: then it is made; `always`: after every commit. */
  rebootPolicy: z.enum(["never", "if-needed", "always"]).default("never"),
  /** Boot what only a reboot leads to once, before it becomes the default; needs a rebootPolicy that lets it. */
  trialBoot: z.boolean().default(false),
  /** From the reboot until the host answers in another boot. */
  rebootDeadlineSeconds: z.int().min(5).max(86_400).default(600),
  /** Install the loader as well; needed when its kind changes. */
  installBootloader: z.boolean().default(false),
  /** What must hold after `test`, before the acknowledgement. */
  healthGates: healthGatesSchema.default([]),
  /** `beforeTest` fails: nothing is changed. `afterRollback`: a rollback returns the system, not its services' data. */
  hooks: z
    .strictObject({
      beforeTest: z.array(hookSchema).max(20).default([]),
      afterRollback: z.array(hookSchema).max(20).default([]),
    })
    .default({ beforeTest: [], afterRollback: [] }),
  /** For switch-to-configuration or activate; then it is stopped. */
  testDeadlineSeconds: z.int().min(5).max(86_400).default(900),
  commitDeadlineSeconds: z.int().min(5).max(86_400).default(300),
  pushDeadlineSeconds: z.int().min(5).max(86_400).default(7_200),
  /** The closure comes from there; null: over SSH. */
  cache: cacheSettingsSchema.nullable().default(null),
  /** After a lost connection during a phase, for getting it back. */
  reconnectDeadlineSeconds: z.int().min(1).max(3_600).default(180),
});

/** How a deployment behaves on a host. Every value has its default here and nowhere else. */
export const activationPolicySchema = policySchema.refine(
  // The system's own `switch` would leave the specialisation; the specialisation's would make itself the boot entry.
  ({ specialisation, commitWith }) => specialisation === null || commitWith === "boot",
  { path: ["commitWith"], message: "expected boot, as a specialisation is declared" },
);
export type ActivationPolicy = z.output<typeof activationPolicySchema>;

/** What the supervisor waits for an order: the health gates' deadlines are not taken from the acknowledgement's. */
export function orderDeadlineSeconds({ ackDeadlineSeconds, healthGates }: ActivationPolicy): number {
  return ackDeadlineSeconds + Math.ceil(Math.max(0, ...healthGates.map(({ deadlineSeconds }) => deadlineSeconds)));
}
