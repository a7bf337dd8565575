import { JobFollower } from "../activation/job-follower.ts";
import { startJob } from "../activation/supervised-job.ts";
import { jobId } from "../activation/transaction.ts";
import type { FailedUnit, Outcome } from "../outcome.ts";
import {
  currentTransaction,
  type DeploymentContext,
  jobOf,
  makeOutcome,
  ownTime,
  type Progress,
  say,
} from "./context.ts";
import { endedOutcome } from "./ended-outcome.ts";
import { followToEnd, order } from "./orders.ts";
import { rebootAfterFailedRollback } from "./reboot.ts";

/** Has the supervisor go back to the recorded system, and looks whether it did. */
export async function rollBack(
  context: DeploymentContext,
  progress: Progress,
  reason: string,
  units: readonly FailedUnit[] = [],
): Promise<Outcome> {
  say(context, "rollback", `going back to the previous system: ${reason}`);
  return ownTime(context, async (signal) => {
    const state = await context.clock.timed("rollback", () => followRollback(context, progress, reason, signal));
    const outcome = await endedOutcome(context, progress, state, reason);
    if (outcome !== undefined) {
      const last = await rebootAfterFailedRollback(context, progress, outcome);
      return { ...last, facts: { ...last.facts, newlyFailed: [...units] } };
    }
    const after = await context.session.facts(context.wanted, signal);
    return makeOutcome(context, "switched", progress, after, `acknowledged by another run, although ${reason}`);
  });
}

async function followRollback(context: DeploymentContext, progress: Progress, reason: string, signal: AbortSignal) {
  const { session, report, token } = context;
  const transaction = currentTransaction(progress);
  let follower = progress.follower;
  if (follower === undefined || progress.ended !== undefined) {
    const id = jobId(transaction, "rollback", 1);
    const heirOf = jobId(transaction, "test", 1);
    await startJob(session, jobOf(context, progress, id, "rollback", { heirOf }), token, signal);
    follower = new JobFollower(session, id, report);
  } else {
    const job = jobId(transaction, "test", 1);
    await tell(context, job, reason);
  }
  return followToEnd(context, follower, signal);
}

/** Over what connection there is; without one the supervisor finds out by itself. */
async function tell(context: DeploymentContext, job: string, reason: string): Promise<void> {
  try {
    await order(context, job, "rollback", reason, AbortSignal.timeout(20_000));
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    const message = `the host could not be told, and goes back by itself at its deadline: ${why}`;
    context.report({ level: "warning", subject: context.request.machine, phase: "rollback", message });
  }
}
