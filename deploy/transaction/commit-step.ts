import { JobFollower } from "../activation/job-follower.ts";
import { verdicts } from "../activation/plan-activation.ts";
import { startJob } from "../activation/supervised-job.ts";
import { jobId } from "../activation/transaction.ts";
import type { Outcome } from "../outcome.ts";
import {
  currentTransaction,
  type DeploymentContext,
  jobOf,
  ownTime,
  type Progress,
  type StepOf,
  say,
} from "./context.ts";
import { endedOutcome } from "./ended-outcome.ts";
import { acknowledge, factsOverNewConnection, followToEnd } from "./orders.ts";
import { rollBack } from "./roll-back.ts";

/** Step `acknowledge`: the supervisor commits, and the host has the last word on it. */
export async function acknowledgeAndCommit(
  context: DeploymentContext,
  step: StepOf<"acknowledge">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { follower, ended, orderUntil = performance.now() + 5_000 } = progress;
  if (follower === undefined) throw new TypeError("nothing to acknowledge");
  if (ended?.code === verdicts.committed) return undefined;
  if (ended !== undefined) return commitKept(context, progress, orderUntil, signal);
  say(context, "acknowledge", "asking over a new connection");
  const result = await context.clock.timed("acknowledge", () => acknowledge(context, step.job, orderUntil, signal));
  if (typeof result === "object") return rollBack(context, progress, `no new connection to the host: ${result.failed}`);
  return ownTime(context, async (within) => {
    const state = await context.clock.timed("commit", () => followToEnd(context, follower, within));
    progress.ended = state;
    return endedOutcome(context, progress, state);
  });
}

/** Step `commit`: what was acknowledged before, or what the next boot shall start. */
export async function commit(
  context: DeploymentContext,
  step: StepOf<"commit">,
  progress: Progress,
): Promise<Outcome | undefined> {
  progress.transaction = step.transaction;
  say(context, "commit", step.staged ? "staging for the next boot" : "setting profile and boot entry");
  const job = jobOf(context, progress, step.job, "commit", { staged: step.staged });
  return ownTime(context, async (signal) => {
    if (!step.attach) await startJob(context.session, job, context.token, signal);
    const follower = new JobFollower(context.session, step.job, context.report);
    progress.follower = follower;
    const state = await context.clock.timed("commit", () => followToEnd(context, follower, signal));
    return endedOutcome(context, progress, state);
  });
}

/** The supervisor has left the new system running and ended; what it waited for comes late. */
async function commitKept(
  context: DeploymentContext,
  progress: Progress,
  until: number,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const facts = await factsOverNewConnection(context, until, signal);
  const transaction = currentTransaction(progress);
  if ("failed" in facts) return rollBack(context, progress, `no new connection to the host: ${facts.failed}`);
  const job = jobId(transaction, "commit", 1);
  const committing = { ...transaction, phase: "committing" } as const;
  return commit(context, { kind: "commit", job, attach: false, staged: false, transaction: committing }, progress);
}
