import { setTimeout as sleep } from "node:timers/promises";
import { type Judgement, restartedAgain, restartedAnew } from "../activation/judge-test.ts";
import type { HostFacts } from "../host-facts.ts";
import { type DeploymentContext, type Progress, say } from "./context.ts";

/** Longer than most services' RestartSec, and well below the acknowledgement's deadline. */
const watchSeconds = 10;
const lookEverySeconds = 2;

/** A judgement that bears a second look: a unit that systemd starts again and again runs whenever it is looked at. */
export async function judgeSettled(
  context: DeploymentContext,
  { facts: before }: Progress,
  first: HostFacts,
  judge: (after: HostFacts) => Judgement,
  signal: AbortSignal,
): Promise<{ readonly judgement: Judgement; readonly after: HostFacts }> {
  let after = first;
  let judgement = judge(after);
  const suspects = restartedAnew(before, after);
  if (suspects.length === 0) return { judgement, after };
  const names = suspects.join(", ");
  say(context, "test", `failed and started anew by systemd, watched for a while: ${names}`);
  const seconds = Math.min(watchSeconds, context.request.policy.ackDeadlineSeconds / 3);
  const until = performance.now() + seconds * 1000;
  while (judgement.kind === "commit" && performance.now() < until) {
    await sleep(lookEverySeconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    after = await context.session.facts(context.wanted, signal);
    judgement = judge(after);
    const again = restartedAgain(suspects, first, after);
    if (judgement.kind === "commit" && again.length > 0) {
      const failed = [...new Set([...judgement.failed, ...again])].sort();
      judgement = { kind: "failed-units", failed, reason: `started again and again: ${again.join(", ")}` };
    }
  }
  if (judgement.kind !== "commit" || judgement.remark !== undefined) return { judgement, after };
  return { judgement: { ...judgement, remark: `failed, was started anew and runs: ${names}` }, after };
}
