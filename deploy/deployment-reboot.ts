import { setTimeout as sleep } from "node:timers/promises";
import { type DeploymentContext, makeOutcome, type Progress, runScript, say } from "./deployment-steps.ts";
import { ConnectionLostError, HostUnreachableError, RemoteDeadlineError } from "./errors.ts";
import type { HostFacts } from "./host-facts.ts";
import { isAsDeclared, type Outcome } from "./outcome.ts";

/** What comes after a commit: a reboot when the policy says so. @returns the outcome of it, or the given one. */
export async function rebootIfWanted(
  context: DeploymentContext,
  progress: Progress,
  done: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const { rebootPolicy } = context.request.policy;
  const isStaged = done.kind === "staged-for-reboot";
  if (!isStaged && !isAsDeclared(done)) return done;
  const reasons = progress.declared?.rebootFor ?? [];
  const isNeeded = isStaged || reasons.length > 0;
  if (context.wanted.class === "darwin") return done;
  if (rebootPolicy === "never" || !(rebootPolicy === "always" || isNeeded)) {
    if (reasons.length > 0 && !isStaged) say(context, "reboot", `${reasons.join(" and ")} change with the next reboot`);
    return done;
  }
  return context.clock.timed("reboot", () => reboot(context, progress, done, signal));
}

async function reboot(
  context: DeploymentContext,
  progress: Progress,
  done: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const { rebootDeadlineSeconds } = context.request.policy;
  say(context, "reboot", "rebooting, as the policy says");
  const until = performance.now() + rebootDeadlineSeconds * 1000;
  const facts = await bootedAgain(context, progress.facts.bootId, until, signal);
  if (facts === undefined) {
    const words = `the host did not come back within ${rebootDeadlineSeconds} s after its reboot`;
    return makeOutcome(context, "interrupted", progress, undefined, words);
  }
  if (facts.current !== context.wanted.toplevel) {
    const words = `the reboot led to ${facts.current ?? "nothing known"}: look at the boot menu`;
    return makeOutcome(context, "commit-failed", progress, facts, words);
  }
  if (done.kind === "switched-with-failed-units") return done;
  return makeOutcome(context, "switched", progress, facts, "rebooted");
}

/** @returns its facts in another boot; undefined: it did not come back in time. */
async function bootedAgain(
  context: DeploymentContext,
  bootId: string,
  until: number,
  signal: AbortSignal,
): Promise<HostFacts | undefined> {
  while (performance.now() < until) {
    try {
      await runScript(context, "reboot", [bootId], signal);
      const facts = await context.session.facts(context.wanted.class, signal);
      if (facts.bootId !== bootId) return facts;
    } catch (error) {
      signal.throwIfAborted();
      const passing = [ConnectionLostError, HostUnreachableError, RemoteDeadlineError];
      if (!passing.some((kind) => error instanceof kind)) throw error;
    }
    await sleep(1_000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return undefined;
}
