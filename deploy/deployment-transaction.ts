import { lineBefore } from "./activation/first-cause.ts";
import { JobFollower, type JobState } from "./activation/job-follower.ts";
import { type Judgement, judgeTest } from "./activation/judge-test.ts";
import { verdicts } from "./activation/plan-activation.ts";
import { orderDeadlineSeconds } from "./activation/policy.ts";
import { causesOf } from "./activation/read-journal.ts";
import { type SupervisedJob, startJob } from "./activation/supervised-job.ts";
import { type JobPhase, jobId, type Transaction } from "./activation/transaction.ts";
import { acknowledge, factsOverNewConnection, followToEnd, order } from "./deployment-orders.ts";
import { rebootAfterFailedRollback } from "./deployment-reboot.ts";
import { judgeSettled } from "./deployment-settle.ts";
import {
  type DeploymentContext,
  makeOutcome,
  type Progress,
  readJournalIfPossible,
  runScript,
  type StepOf,
  say,
  stageMachineSecrets,
} from "./deployment-steps.ts";
import { checkHealth } from "./health/check-health.ts";
import type { HostFacts } from "./host-facts.ts";
import type { FailedUnit, Outcome } from "./outcome.ts";
import { rootShell } from "./root-shell.ts";

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
  if (progress.ended !== undefined && progress.ended.code !== verdicts.kept) {
    if (attach && wentBack(progress.ended)) progress.tooLate = true;
    return endedOutcome(context, progress, progress.ended);
  }
  progress.orderUntil = performance.now() + orderDeadlineSeconds(request.policy) * 1000;
  const tested = follower.event("tested");
  const code = tested?.code ?? undefined;
  if (code !== undefined) progress.exitCode = code;
  const first = await session.facts(wanted, signal);
  const end = { log: follower.log, ...(code === undefined ? {} : { exitCode: code }) };
  const judge = (facts: HostFacts): Judgement => judgeTest(transaction, wanted.class, progress.facts, facts, end);
  const { judgement, after } = await judgeSettled(context, progress, first, judge, signal);
  return afterTest(context, judgement, progress, after, signal);
}

/** By itself, or by the word of who began it: this deployment has not said one. */
function wentBack({ code }: Extract<JobState, { readonly kind: "ended" }>): boolean {
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

/** @returns undefined for a commit that ended well. */
async function endedOutcome(
  context: DeploymentContext,
  progress: Progress,
  { code }: Extract<JobState, { readonly kind: "ended" }>,
  ownReason?: string,
): Promise<Outcome | undefined> {
  const { follower } = progress;
  if (code === verdicts.committed) return undefined;
  const signal = AbortSignal.timeout(60_000);
  if (code === verdicts.rolledBack || code === verdicts.rollbackFailed) {
    const why = ownReason ?? follower?.event("rolling-back")?.why ?? "the supervisor went back";
    return rolledBack(context, progress, code, why);
  }
  const after = await context.session.facts(context.wanted, signal);
  const words = lastWords(follower?.log ?? "");
  switch (code) {
    case verdicts.closed:
      return makeOutcome(context, "refused", progress, after, follower?.event("closed")?.why ?? words);
    case verdicts.kept:
      return makeOutcome(context, "interrupted", progress, after, "kept until the next boot: no acknowledgement");
    case verdicts.acknowledged:
      return makeOutcome(context, "switched", progress, after, "until the next boot, as asked for");
    case verdicts.superseded: {
      const theirs = follower?.event("superseded")?.current;
      return makeOutcome(context, "superseded", progress, after, words || `${theirs ?? "another system"} runs`);
    }
    case undefined:
      return makeOutcome(context, "interrupted", progress, after, "the supervisor was stopped before its end");
    default:
      return makeOutcome(context, "commit-failed", progress, after, words || `verdict ${code}`);
  }
}

async function rolledBack(
  context: DeploymentContext,
  progress: Progress,
  code: number,
  reason: string,
): Promise<Outcome> {
  const { ackDeadlineSeconds } = context.request.policy;
  const until = performance.now() + ackDeadlineSeconds * 1000;
  const facts = await factsOverNewConnection(context, until, AbortSignal.timeout((ackDeadlineSeconds + 60) * 1000));
  if ("failed" in facts) {
    const words = `${reason}; after the way back no new connection: ${facts.failed}`;
    return makeOutcome(context, "rollback-failed", progress, undefined, words);
  }
  if (code === verdicts.rolledBack) return makeOutcome(context, "rolled-back", progress, facts, reason);
  const why = progress.follower?.event("rollback-failed")?.why ?? "unknown";
  return makeOutcome(context, "rollback-failed", progress, facts, `${reason}; the way back failed: ${why}`);
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

function jobOf(
  { wanted, request }: DeploymentContext,
  progress: Progress,
  id: string,
  action: JobPhase,
  more: { readonly heirOf?: string; readonly staged?: boolean },
): SupervisedJob {
  const { staged = false, ...heir } = more;
  return {
    id,
    action,
    class: wanted.class,
    transaction: currentTransaction(progress),
    policy: request.policy,
    bootable: progress.declared?.bootable === true,
    withSecrets: request.secrets !== undefined,
    loginUid: progress.facts.loginUid,
    staged,
    ...heir,
  };
}

function currentTransaction({ transaction }: Progress): Transaction {
  if (transaction === undefined) throw new TypeError("no transaction was begun");
  return transaction;
}

/** Not the caller's signal: what was begun here is short, and better ended than left. */
function ownTime<T>({ request }: DeploymentContext, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { policy } = request;
  const { commitDeadlineSeconds, rollbackDeadlineSeconds, reconnectDeadlineSeconds, ackDeadlineSeconds } = policy;
  const ways = commitDeadlineSeconds + 2 * rollbackDeadlineSeconds + reconnectDeadlineSeconds + 2 * ackDeadlineSeconds;
  return action(AbortSignal.timeout((ways + orderDeadlineSeconds(policy) + 120) * 1000));
}

function hookPatience({ request }: DeploymentContext): number {
  return request.policy.hooks.beforeTest.reduce((sum, { deadlineSeconds }) => sum + deadlineSeconds + 5, 10);
}

/** The commit script's own last line, without its marks; of a failed call also what it said last. */
function lastWords(log: string): string {
  const lines = log.split("\n");
  const own = lines.findLast((line) => line.startsWith("pulumi-clan: "));
  if (own === undefined) return "";
  const words = own.replace(/^pulumi-clan: (?:superseded: )?/, "");
  // It is said at once and again at the end, after what setting back had to say.
  const cause = words.includes(" ended with ") ? lineBefore(lines, lines.indexOf(own)) : undefined;
  return (cause === undefined ? words : `${words}: ${cause.trim()}`).slice(0, 500);
}
