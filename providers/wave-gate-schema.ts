import { z } from "zod";
import { healthGatesSchema } from "../deploy/health/health-gate.ts";
import { closureFactsSchema, closureInputsSchema } from "./system-closure-schema.ts";

/** A machine of the wave whose deployment did not fail, whether it was in this run or in an earlier one. */
const memberSchema = z.object({
  ...closureInputsSchema.pick({
    machine: true,
    class: true,
    system: true,
    targetHost: true,
    address: true,
    identityFiles: true,
    hostKeys: true,
    policy: true,
    hostKeyPolicy: true,
    jumpHosts: true,
    backEnd: true,
    connectDeadlineSeconds: true,
    deadlineSeconds: true,
    owner: true,
  }).shape,
  ...closureFactsSchema.pick({ running: true, failedUnits: true, previous: true, deployedAt: true }).shape,
});
export type GateMember = z.output<typeof memberSchema>;

/** What a program declares for the gate behind one wave. Plain JSON: it is stored in the state and crosses gRPC. */
export const waveGateInputsSchema = z.object({
  wave: z.string().min(1),
  onFailure: z.enum(["stop", "continue", "rollback-wave"]),
  /** From the end of the wave's last deployment. */
  pauseSeconds: z.number().min(0),
  healthGates: healthGatesSchema,
  /** Those that ended; unknown in a preview where one of them is to be deployed to. */
  members: z.array(memberSchema),
  /** Machines whose deployment failed in this run. */
  failed: z.array(z.string()),
  /** Pulumi resource whose line shows the progress. */
  reportTo: z.string(),
  /** Unix seconds of the run's beginning. Pulumi shows no changes of names that begin so. */
  __since: z.number(),
});
export type WaveGateInputs = z.output<typeof waveGateInputsSchema>;

/** What the gate has seen, of each machine no more than what it asks of it later. */
export type WaveGateOutputs = Omit<WaveGateInputs, "members"> & {
  readonly members: readonly Pick<GateMember, "machine" | "deployedAt">[];
};

/** What of an old state counts: when each machine had been deployed to that the gate has seen. */
export const seenMembersSchema = z
  .object({ members: z.array(z.object({ machine: z.string(), deployedAt: z.number().nullable() })) })
  .catch({ members: [] });
