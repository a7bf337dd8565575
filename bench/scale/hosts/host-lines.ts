import { z } from "zod";
import { storePathSchema } from "../../../deploy/activation/transaction.ts";
import { faults } from "./faults.ts";

const count = z.int().nonnegative();
const hostLineSchema = z.strictObject({
  kind: z.literal("host"),
  name: z.string(),
  /** On 127.0.0.1; the user is root. */
  port: z.int().positive(),
  /** `ssh-ed25519 AAAA…` */
  hostKey: z.string().startsWith("ssh-ed25519 "),
  /** The private key that may log in, the same for all. */
  userKeyFile: z.string(),
  fault: z.enum(faults).optional(),
});
export type StubHostLine = z.output<typeof hostLineSchema>;

const activitySchema = z.strictObject({
  name: z.string(),
  connections: count,
  requests: count,
  asked: z.record(z.string(), count),
  paths: count,
  bytes: count,
  lockedAt: z.number().optional(),
  pushBeganAt: z.number().optional(),
  pushEndedAt: z.number().optional(),
  switchedAt: z.number().optional(),
  releasedAt: z.number().optional(),
  longestWaitMs: z.number(),
  /** How it stands at the end. */
  current: storePathSchema,
  profile: storePathSchema,
  generation: count,
});

const summarySchema = z.strictObject({
  kind: z.literal("summary"),
  /** What no stub had an answer to; a measurement with any is none. */
  strange: z.array(z.string()),
  hosts: z.array(activitySchema),
});
export type HostsSummary = z.output<typeof summarySchema>;

/** What main.ts prints, a line each: the hosts, that all of them listen, and at the end what they have seen. */
export const hostLinesSchema = z.discriminatedUnion("kind", [
  hostLineSchema,
  z.strictObject({ kind: z.literal("ready") }),
  summarySchema,
]);
export type HostLine = z.output<typeof hostLinesSchema>;
