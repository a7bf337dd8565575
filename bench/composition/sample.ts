import { z } from "zod";

/** One process that read and checked one fleet. */
export const compositionSampleSchema = z.strictObject({
  /** Read and resolved: proof that the whole fleet was. */
  machines: z.int().nonnegative(),
  findings: z.int().nonnegative(),
  /** From the start of the process until our code is loaded. */
  startSeconds: z.number().nonnegative(),
  /** Discovery, loading of the fleet's files, evaluation, resolution. */
  readSeconds: z.number().nonnegative(),
  /** Reading what the rules look at, and the rules; no configuration of a machine is evaluated. */
  checkSeconds: z.number().nonnegative(),
  /** CPU time of reading and checking, all threads; without the start. */
  cpuSeconds: z.number().nonnegative(),
  /** CPU time of the whole process until the checks' end, its start included. */
  processCpuSeconds: z.number().nonnegative(),
  /** Largest resident memory of the process. */
  peakRssBytes: z.int().positive(),
});
export type CompositionSample = z.output<typeof compositionSampleSchema>;

/** Seconds of reading and checking, without the start of the process. */
export function workSeconds({ readSeconds, checkSeconds }: CompositionSample): number {
  return readSeconds + checkSeconds;
}
