import { setTimeout as sleep } from "node:timers/promises";
import { readBoot } from "../boot/read-boot.ts";
import { decideReboot } from "../boot/reboot-need.ts";
import { ConnectionLostError, HostUnreachableError, RemoteDeadlineError } from "../errors.ts";
import type { HostFacts } from "../host-facts.ts";
import { isAsDeclared, type Outcome } from "../outcome.ts";
import { rootShell } from "../root-shell.ts";
import { type DeploymentContext, makeOutcome, type Progress, runScript, say } from "./context.ts";

/** What comes after a commit or a staging: a reboot when the policy says so. @returns the outcome of it, or the given one. */
export async function rebootIfWanted(
  context: DeploymentContext,
  progress: Progress,
  done: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const { rebootPolicy } = context.request.policy;
  const isStaged = done.kind === "staged-for-reboot";
  if (context.wanted.class === "darwin" || (!isStaged && !isAsDeclared(done))) return done;
  if (rebootPolicy === "never") {
    const changed = progress.declared?.rebootFor ?? [];
    if (!isStaged && changed.length > 0) say(context, "reboot", `${changed.join(" and ")}: new with the next reboot`);
    return done;
  }
  const boot = await readBoot(rootShell(context.session), context.wanted.toplevel, signal);
  const need = boot.wanted === undefined ? undefined : decideReboot(boot.booted, boot.running, boot.wanted);
  if (need?.kind === "not-applicable") return done;
  if (rebootPolicy === "if-needed" && !isStaged && need?.kind !== "needed") return done;
  if (boot.mayAskPassphrase) {
    say(context, "reboot", "not rebooted: its root may ask for a passphrase, and nobody is there to type it");
    return done;
  }
  return context.clock.timed("reboot", () => rebootTo(context, progress, done, signal));
}

async function rebootTo(
  context: DeploymentContext,
  progress: Progress,
  done: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const facts = await reboot(context, progress, signal);
  if (facts === undefined) {
    const words = `the host did not come back within ${context.request.policy.rebootDeadlineSeconds} s after its reboot`;
    return makeOutcome(context, "interrupted", progress, undefined, words);
  }
  if (facts.current !== context.wanted.toplevel) {
    const words = `the reboot led to ${facts.current ?? "nothing known"}: look at the boot menu`;
    return makeOutcome(context, "commit-failed", progress, facts, words);
  }
  if (done.kind === "switched-with-failed-units") return done;
  return makeOutcome(context, "switched", progress, facts, "rebooted");
}

/** The last way back: the default boot entry never changed. @returns the outcome of it, or the given one. */
export async function rebootAfterFailedRollback(
  context: DeploymentContext,
  progress: Progress,
  failed: Outcome,
): Promise<Outcome> {
  const { rebootPolicy, rebootDeadlineSeconds } = context.request.policy;
  if (failed.kind !== "rollback-failed" || rebootPolicy === "never" || context.wanted.class === "darwin") return failed;
  const signal = AbortSignal.timeout((rebootDeadlineSeconds + 120) * 1000);
  const boot = await readBoot(rootShell(context.session), undefined, signal);
  if (boot.mayAskPassphrase || boot.loader.kind === "none") return failed;
  const facts = await context.clock.timed("reboot", () => reboot(context, progress, signal));
  if (facts === undefined || facts.current !== facts.profile) return failed;
  await runScript(context, "record", [""], signal); // the way back was found: nothing of it is left to do
  return makeOutcome(
    context,
    "rolled-back",
    progress,
    facts,
    `${failed.reason ?? ""}; rebooted into the previous system`,
  );
}

/** @returns its facts in another boot; undefined: it did not come back in time. */
export async function reboot(
  context: DeploymentContext,
  { facts: { bootId } }: Progress,
  signal: AbortSignal,
): Promise<HostFacts | undefined> {
  say(context, "reboot", "rebooting, as the policy says");
  const until = performance.now() + context.request.policy.rebootDeadlineSeconds * 1000;
  while (performance.now() < until) {
    try {
      // For that boot only: asked a second time, in the next one, it does nothing.
      await runScript(context, "reboot", [bootId], signal);
      const facts = await context.session.facts(context.wanted, signal);
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
