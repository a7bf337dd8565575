import { clearTrial, stageTrial } from "../boot/trial.ts";
import { isAsDeclared, type Outcome } from "../outcome.ts";
import { type RootShell, rootShell } from "../root-shell.ts";
import { replaceSecrets, restoreSecrets } from "../secrets/secrets-phase.ts";
import { type DeploymentContext, makeOutcome, type Progress, say } from "./context.ts";
import { reboot } from "./reboot.ts";
import { stageMachineSecrets } from "./secrets-steps.ts";

/**
 * A system that only a reboot leads to, booted once before it becomes the default: the usual transaction then tests and
 * commits it where it runs. Whatever goes wrong, the next boot starts the previous system.
 * @param transaction - the usual one, for a host that runs the declared system already.
 */
export async function deployByTrial(
  context: DeploymentContext,
  progress: Progress,
  transaction: () => Promise<Outcome>,
  signal: AbortSignal,
): Promise<Outcome> {
  const refused = await stageMachineSecrets(context, progress, signal);
  if (refused !== undefined) return refused;
  const shell = rootShell(context.session);
  const against = await stageAll(context, shell, signal);
  if (against !== undefined) return makeOutcome(context, "refused", progress, progress.facts, against);
  say(context, "reboot", "rebooting into the new system, for once");
  const facts = await context.clock.timed("reboot", () => reboot(context, progress, signal));
  if (facts === undefined) {
    const words = `the host did not come back within ${context.request.policy.rebootDeadlineSeconds} s; reset, it boots the previous system`;
    return makeOutcome(context, "interrupted", progress, undefined, words);
  }
  if (facts.current !== context.wanted.toplevel) {
    await clear(context, shell, signal);
    return makeOutcome(
      context,
      "rolled-back",
      progress,
      facts,
      "the boot of the new system led back to the previous one",
    );
  }
  const outcome = await transaction();
  if (isAsDeclared(outcome)) {
    await clear(context, shell, signal, "committed");
    return outcome;
  }
  if (outcome.kind === "superseded" || outcome.kind === "interrupted") return outcome;
  return bootBack(context, { ...progress, facts }, shell, outcome, signal);
}

/** Of a deployment that was stopped half way: its one-shot entry would be started by whatever reboot comes next. */
export async function clearTrialLeft(context: DeploymentContext, signal: AbortSignal): Promise<void> {
  say(context, "boot", "an earlier deployment left its trial boot behind; removing profile and entry");
  await clearEntry(context, rootShell(context.session), signal);
}

/** Secrets and entry. @returns what speaks against the trial; the host is then as before. */
async function stageAll(
  context: DeploymentContext,
  shell: RootShell,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { report, wanted } = context;
  const replaced = await replaceSecrets(shell, report, signal);
  if (replaced.kind === "failed") return `secrets: ${replaced.reason}`;
  const trial = await stageTrial(shell, { toplevel: wanted.toplevel }, report, signal);
  const isAlone = trial.kind === "staged" && trial.mayAskPassphrase;
  if (trial.kind === "staged" && !isAlone) return undefined;
  await clear(context, shell, signal);
  if (trial.kind === "impossible") return `no trial boot: ${trial.reason}`;
  return "no trial boot: its root may ask for a passphrase, and nobody is there to type it";
}

/** The transaction went back to nothing better: what ran before the trial needs another boot. */
async function bootBack(
  context: DeploymentContext,
  progress: Progress,
  shell: RootShell,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  await clear(context, shell, signal);
  const facts = await context.clock.timed("reboot", () => reboot(context, progress, signal));
  const reason = outcome.reason ?? outcome.kind;
  if (facts === undefined || facts.current !== facts.profile) {
    return makeOutcome(context, "rollback-failed", progress, facts, `${reason}; the previous system did not come back`);
  }
  return makeOutcome(context, "rolled-back", progress, facts, `${reason}; rebooted into the previous system`);
}

async function clear(
  context: DeploymentContext,
  shell: RootShell,
  signal: AbortSignal,
  how: "committed" | "given up" = "given up",
): Promise<void> {
  if (how === "given up") await restoreSecrets(shell, context.report, signal);
  await clearEntry(context, shell, signal);
}

async function clearEntry(context: DeploymentContext, shell: RootShell, signal: AbortSignal): Promise<void> {
  const left = await clearTrial(shell, signal);
  if (left !== undefined) say(context, "boot", `the trial's boot entry is left: ${left}`);
}
