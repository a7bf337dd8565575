import { z } from "zod";

// What `pulumi-clan:rollout` may say. The descriptions are the reference: docs/stack-config.md is made of them.

const selectors = z.array(z.string().min(1)).min(1);
const onFailure = z.enum(["stop", "continue", "rollback-wave"]);
// A day: an update that waits longer is two updates.
const pauseSeconds = z.int().min(0).max(86_400);
const maxUnavailable = z.union([
  z.int().positive(),
  z.string().regex(/^(?:[1-9]\d?|100)%$/, "expected a number of machines, or a part of them such as 25%"),
]);
// Objects are checked where they are used: a health gate is the deployer's.
const healthGates = z.array(z.record(z.string(), z.unknown()));

const waveSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, "expected lower-case letters, digits and -")
    .optional()
    .describe("For people, and the name of its gate. Default `wave-<n>`."),
  machines: selectors
    .optional()
    .describe("Names, `tag:<tag>`, or either with a leading `!`, of those that no earlier wave took. Default: all."),
  percent: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("Takes so many of the machines that `machines` names in this stack, rounded up. Default: all of them."),
  maxUnavailable: maxUnavailable.optional().describe("Over the rollout's."),
  pauseSeconds: pauseSeconds.optional().describe("Over the rollout's."),
  healthGates: healthGates.optional().describe("Over the rollout's."),
  onFailure: onFailure.optional().describe("Over the rollout's."),
});

export const rolloutSchema = z.strictObject({
  canaries: z
    .union([z.int().positive(), selectors])
    .optional()
    .describe("Machines that go before all others: how many, or names and `tag:<tag>`. Default: none."),
  waves: z
    .array(waveSchema)
    .optional()
    .describe("In order; a machine goes with the first that takes it, and what none takes goes after the last."),
  maxUnavailable: maxUnavailable
    .optional()
    .describe(
      "Machines of one wave that are deployed to, or did not come back, at the same time: a number, or a part of the wave such as `25%`. Default: no limit.",
    ),
  pauseSeconds: pauseSeconds
    .optional()
    .describe("Between the end of a wave's last deployment and the look at its machines. Default 0."),
  healthGates: healthGates
    .optional()
    .describe(
      "What must hold on each machine of a wave after the pause, before the next wave: as `policy.healthGates`. Default: it answers, runs what was deployed, and no further unit failed.",
    ),
  onFailure: onFailure
    .optional()
    .describe(
      "`stop`: nothing more is begun; `continue`: the others are deployed to all the same; `rollback-wave`: as `stop`, and what this run deployed to the same wave goes back. Default stop.",
    ),
  unreachable: z
    .enum(["fail", "skip", "queue"])
    .optional()
    .describe(
      "A host that does not answer when its turn comes: `fail` is a failure of its wave; `skip` leaves it for another update; `queue` tries it again behind the last wave, and leaves it then. Default fail.",
    ),
  operator: z
    .enum(["last", "refuse", "any"])
    .optional()
    .describe(
      "The machine that the update runs on: `last`, after all others; `refuse`, not deployed to by an update; `any`, as the others. Default last.",
    ),
});
export type RolloutConfig = z.output<typeof rolloutSchema>;
export type OnFailure = z.output<typeof onFailure>;
