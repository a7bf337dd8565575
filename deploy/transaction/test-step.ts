import { JobFollower, type JobState } from "../activation/job-follower.ts";
import { type Judgement, judgeTest } from "../activation/judge-test.ts";
import { verdicts } from "../activation/plan-activation.ts";
import { orderDeadlineSeconds } from "../activation/policy.ts";
import { causesOf } from "../activation/read-journal.ts";
import { startJob } from "../activation/supervised-job.ts";
import { activatedBy, jobId } from "../activation/transaction.ts";
import { checkHealth } from "../health/check-health.ts";
import type { HostFacts } from "../host-facts.ts";
import type { Outcome } from "../outcome.ts";
import { rootShell } from "../root-shell.ts";
import {
  currentTransaction,
  type DeploymentContext,
  jobOf,
  makeOutcome,
  type Progress,
  runScript,
  type StepOf,
  say,
} from "./context.ts";
import { endedOutcome } from "./ended-outcome.ts";
import { readJournalIfPossible } from "./journal.ts";
import { followToEnd, order } from "./orders.ts";
import { rollBack } from "./roll-back.ts";
import { stageMachineSecrets } from "./secrets-steps.ts";
import { judgeSettled } from "./settle.ts";

/** Step `test`: until the new system runs and may be acknowledged. @returns an outcome when it may not. */
export async function test(
  context: DeploymentContext,
  step: StepOf<"test">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { session, wanted, request, report, clock, token } = context;
  const { job, attach } = step;
  const { activates } = progress;
  const transaction = activates === undefined ? step.transaction : { ...step.transaction, activates };
  progress.transaction = transaction;
  const follower = new JobFollower(session, job, report);
  progress.follower = follower;
  let isLate = false;
  if (attach) {
    say(context, "test", "taking up the activation that is under way");
    isLate = (await order(context, job, "take", "", signal)) === "late";
  } else {
    const refused = await stageMachineSecrets(context, progress, signal);
    if (refused !== undefined) {
      await runScript(context, "record", [""], signal);
      return refused;
    }
    say(context, "test", "activating, not yet for the next boot");
    const { heirOf } = step;
    await startJob(
      session,
      jobOf(context, progress, job, "test", heirOf === undefined ? {} : { heirOf }),
      token,
      signal,
    );
  }
  const patience = request.policy.testDeadlineSeconds + hookPatience(context) + 60;
  const state = await clock.timed("test", () => follower.until(isLate ? undefined : "tested", patience, signal));
  if (state.kind === "ended") progress.ended = state;
  const ended = async (end: Ended): Promise<Outcome | undefined> => {
    if (attach && wentBack(end)) progress.tooLate = true;
    return endedOutcome(context, progress, end);
  };
  if (progress.ended !== undefined && progress.ended.code !== verdicts.kept) return ended(progress.ended);
  progress.orderUntil = performance.now() + orderDeadlineSeconds(request.policy) * 1000;
  const tested = follower.event("tested");
  const code = tested?.code ?? undefined;
  if (code !== undefined) progress.exitCode = code;
  const first = await session.facts(wanted, signal);
  if (first.current !== activatedBy(transaction)) {
    // After a lost connection the supervisor may have gone back by itself, between the test and this look.
    await follower.look(signal);
    if (follower.event("rolling-back") !== undefined) {
      progress.ended = await clock.timed("rollback", () => followToEnd(context, follower, signal));
      return ended(progress.ended);
    }
  }
  const end = { log: follower.log, ...(code === undefined ? {} : { exitCode: code }) };
  const judge = (facts: HostFacts): Judgement => judgeTest(transaction, wanted.class, progress.facts, facts, end);
  const { judgement, after } = await judgeSettled(context, progress, first, judge, signal);
  return afterTest(context, judgement, progress, after, signal);
}

type Ended = Extract<JobState, { readonly kind: "ended" }>;

/** By itself, or by the word of who began it: this deployment has not said one. */
function wentBack({ code }: Ended): boolean {
  return code === verdicts.rolledBack || code === verdicts.closed;
}

async function afterTest(
  context: DeploymentContext,
  judgement: Judgement,
  progress: Progress,
  after: HostFacts,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  switch (judgement.kind) {
    case "commit":
      if (judgement.remark !== undefined) progress.remark = judgement.remark;
      return healthy(context, judgement.failed, progress, signal);
    case "failed-units": {
      if (context.request.policy.onFailedUnits === "keep") {
        return healthy(context, judgement.failed, progress, signal);
      }
      // Before the way back, which makes systemd forget that they failed.
      const units = await readJournalIfPossible(context, judgement.failed, signal);
      return rollBack(context, progress, [judgement.reason, ...causesOf(units).slice(0, 2)].join("; "), units);
    }
    case "interrupted":
      return rollBack(context, progress, judgement.reason);
    case "rebooted":
      // The transaction of another boot is closed by the next run, which begins anew.
      return makeOutcome(context, "interrupted", progress, after, judgement.reason);
    case "refused":
    case "superseded":
      // Nothing of ours runs: there is no way back to go.
      await close(context, progress, signal);
      return makeOutcome(context, judgement.kind, progress, after, judgement.reason);
  }
}

/** The policy's health gates. @returns an outcome when one did not hold. */
async function healthy(
  context: DeploymentContext,
  failed: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  progress.tolerated = failed;
  const { session, report, request, clock } = context;
  const { healthGates } = request.policy;
  if (healthGates.length === 0) return undefined;
  const health = await clock.timed("health", () => checkHealth(rootShell(session), healthGates, report, signal));
  return health.passed ? undefined : rollBack(context, progress, `not healthy: ${health.reason ?? "unknown"}`);
}

async function close(context: DeploymentContext, progress: Progress, signal: AbortSignal): Promise<void> {
  const { follower } = progress;
  if (follower === undefined || progress.ended !== undefined) {
    await runScript(context, "record", [""], signal);
    return;
  }
  await order(context, jobId(currentTransaction(progress), "test", 1), "close", "", signal);
  await followToEnd(context, follower, signal);
}

function hookPatience({ request }: DeploymentContext): number {
  return request.policy.hooks.beforeTest.reduce((sum, { deadlineSeconds }) => sum + deadlineSeconds + 5, 10);
}
