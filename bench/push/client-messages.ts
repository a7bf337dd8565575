import { z } from "zod";
import { storePathSchema } from "../../deploy/activation/transaction.ts";
import { connectionSpecSchema } from "../../deploy/ssh/connection-spec.ts";

/** One push by the measured process. */
export const clientRequestSchema = z.strictObject({
  spec: connectionSpecSchema,
  wanted: z.tuple([storePathSchema], storePathSchema),
  /** Over a connection of its own, opened and closed within the time; else over one that stays. */
  fresh: z.boolean(),
  compress: z.enum(["auto", "never"]).default("auto"),
  delta: z.enum(["auto", "never"]).default("auto"),
  /** Stores of the host, in Nix' own words: to each of them at once, over a connection of its own. None: its default store. */
  stores: z.array(z.string()).default([]),
});
export type ClientRequest = z.input<typeof clientRequestSchema>;

export const clientAnswerSchema = z.strictObject({
  seconds: z.number(),
  rssBeforeBytes: z.number(),
  /** Of the process alone: the most in each quarter of the time. */
  rssQuartersBytes: z.array(z.number()),
  loopDelayMs: z.strictObject({ p99: z.number(), max: z.number() }),
  result: z.strictObject({
    paths: z.number(),
    bytes: z.number(),
    bytesSent: z.number().nullable(),
    roundTrips: z.number().nullable(),
    backend: z.string(),
  }),
});
export type ClientAnswer = z.output<typeof clientAnswerSchema>;

export const clientFailureSchema = z.strictObject({ error: z.string() });
