import { lineBefore } from "../activation/first-cause.ts";
import type { JobState } from "../activation/job-follower.ts";
import { verdicts } from "../activation/plan-activation.ts";
import type { Outcome } from "../outcome.ts";
import { type DeploymentContext, makeOutcome, type Progress } from "./context.ts";
import { factsOverNewConnection } from "./orders.ts";

/** @returns undefined for a commit that ended well. */
export async function endedOutcome(
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
