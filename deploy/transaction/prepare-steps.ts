import { readDeclared, reasonAgainst } from "../activation/check-declared.ts";
import { readSpecialisation } from "../boot/specialisation.ts";
import { DiskSpaceError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import { rootShell } from "../root-shell.ts";
import { whatStaysShut } from "../secrets/prove-sops.ts";
import { pushByCache } from "../store/cache/push-by-cache.ts";
import { type PushResult, pushClosure } from "../store/push-closure.ts";
import { type DeploymentContext, makeOutcome, type Progress, runScript, type StepOf, say } from "./context.ts";

export async function push(
  context: DeploymentContext,
  step: StepOf<"push">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { session, request, report, clock } = context;
  const { pushDeadlineSeconds: deadlineSeconds, cache } = request.policy;
  const { toplevel } = step;
  const bring = (): Promise<PushResult> =>
    cache === null
      ? pushClosure(session, toplevel, { deadlineSeconds }, report, signal)
      : pushByCache(session, { toplevel, cache, deadlineSeconds }, report, signal);
  try {
    progress.pushed = await clock.timed("push", bring);
    return undefined;
  } catch (error) {
    if (!(error instanceof DiskSpaceError)) throw error;
    const { expected, found } = error.facts;
    return makeOutcome(context, "refused", progress, progress.facts, `no space in /nix: ${expected}, found ${found}`);
  }
}

export async function check(
  context: DeploymentContext,
  step: StepOf<"check">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { session, wanted, clock } = context;
  const refused = (reason: string): Outcome => makeOutcome(context, "refused", progress, progress.facts, reason);
  if (wanted.specialisation !== null) {
    const found = await readSpecialisation(rootShell(session), step.toplevel, wanted.specialisation, signal);
    if (found.kind === "missing") return refused(found.reason);
    progress.activates = found.path;
  }
  const activates = progress.activates ?? step.toplevel;
  const declared = await clock.timed("check", () => readDeclared(session, step.toplevel, activates, signal));
  progress.declared = declared;
  const reason = reasonAgainst(declared, progress.facts, wanted, context.request.policy);
  if (reason !== undefined) return refused(reason);
  await warnOfShutSecrets(context, signal);
  const bootOnly = declared.bootOnly.join("; ");
  if (bootOnly === "" || wanted.mode === "dry" || wanted.mode === "boot") return undefined;
  const why = `the new system needs a reboot: ${bootOnly}`;
  if (!declared.bootable || wanted.mode === "test") return refused(why);
  progress.staged = why;
  return undefined;
}

/** What the activation itself is to show, told beforehand: which key the host has is known by the clan's word alone. */
async function warnOfShutSecrets({ session, request, report }: DeploymentContext, signal: AbortSignal): Promise<void> {
  if (request.secrets !== undefined || request.secretsProof === undefined) return;
  const words = await whatStaysShut(rootShell(session), request.secretsProof, signal);
  if (words === undefined) return;
  const message = `no secrets come with this system, and the host's key may not open its own: ${words}`;
  report({ level: "warning", subject: request.machine, phase: "secrets", message });
}

export async function dry(
  context: DeploymentContext,
  { toplevel }: StepOf<"dry">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome> {
  if (context.wanted.class === "darwin") {
    // `darwin-rebuild check` performs a whole activation. Source: nix-darwin issue 1700.
    return makeOutcome(context, "skipped", progress, progress.facts, "dry: nix-darwin has no dry activation");
  }
  const words = await runScript(context, "dry-activate", [progress.activates ?? toplevel], signal);
  const lines = words.split("\n").filter((line) => line.startsWith("would "));
  for (const line of lines) say(context, "dry", line);
  return makeOutcome(context, "skipped", progress, progress.facts, `dry: ${lines.join("; ") || "nothing to do"}`);
}
