import { z } from "zod";
import { isStorePath, type StorePath } from "../../local-nix/store-path.ts";
import { specialisationNameSchema } from "../boot/specialisation.ts";

export const storePathSchema = z.string().refine(isStorePath, "expected /nix/store/<hash>-<name>");

/** A systemd unit's name. Source: systemd.unit(5), "valid unit names". */
export const unitNameSchema = z.string().regex(/^[A-Za-z0-9:_.\\@-]{1,255}$/, "expected a unit's name");

const idSchema = z.string().regex(/^[0-9a-f]{8,32}$/, "expected hexadecimal digits");

/** Shown to people as the host says it: on one line, and without a word to their terminal. */
const nameSchema = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}]+$/u, "expected a name");

/** Whom a host belongs to; `/nix/var/pulumi-clan/owner.json`. */
export const ownerSchema = z.strictObject({ project: nameSchema, stack: nameSchema, machine: nameSchema });
export type Owner = z.output<typeof ownerSchema>;

/**
 * What a deployment has begun and not closed; `/nix/var/pulumi-clan/transaction.json`.
 * It outlives the operator's process and the connection; a later run goes on from it instead of starting another.
 */
export const transactionSchema = z.strictObject({
  schema: z.literal(1),
  id: idSchema,
  owner: ownerSchema,
  toplevel: storePathSchema,
  /** Of the toplevel, to be run instead of it. */
  specialisation: specialisationNameSchema.optional(),
  /** The specialisation's own toplevel, once it is known. */
  activates: storePathSchema.optional(),
  /** The host's boot in which it was begun: after another one, nothing of it runs any more. */
  bootId: z.string().max(100),
  /** Unix seconds by the host's clock. */
  startedAt: z.int().nonnegative(),
  /** What ran before, and what the profile named: a commit compares with these. */
  previous: z.strictObject({
    current: storePathSchema.nullable(),
    profile: storePathSchema.nullable(),
    generation: z.int().positive().nullable(),
  }),
  /** What ran when it was begun, where that is an earlier attempt that was never committed. */
  uncommitted: storePathSchema.optional(),
  /** Failed units before the first call, which resets them. */
  failedBefore: z.array(unitNameSchema).max(1000),
  phase: z.enum(["testing", "test-failed", "committing"]),
});
export type Transaction = z.output<typeof transactionSchema>;

/** What `test` makes the running system. */
export function activatedBy({ toplevel, activates }: Pick<Transaction, "toplevel" | "activates">): StorePath {
  return activates ?? toplevel;
}

/** `test` does the whole; the others what was left of it. */
export type JobPhase = "test" | "commit" | "rollback";

/** Name of a job: its folder below `/nix/var/pulumi-clan/jobs`, its unit `pulumi-clan-<name>`. */
export function jobId(transaction: Pick<Transaction, "id">, phase: JobPhase, attempt: number): string {
  return `${transaction.id}-${phase}-${attempt}`;
}
