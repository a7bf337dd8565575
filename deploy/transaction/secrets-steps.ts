import type { Outcome } from "../outcome.ts";
import { rootShell } from "../root-shell.ts";
import { commitSecrets, replaceSecrets, stageSecrets } from "../secrets/secrets-phase.ts";
import { type DeploymentContext, makeOutcome, type Progress } from "./context.ts";

/** Sends the machine's secrets and proves that the new system can open them; the supervisor puts them into place. */
export async function stageMachineSecrets(
  context: DeploymentContext,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { request, session, report, clock } = context;
  const source = request.secrets;
  if (source === undefined) return undefined;
  const result = await clock.timed("secrets", async () =>
    stageSecrets(rootShell(session), await source.stage(request.machine, signal), report, signal),
  );
  if (result.kind !== "failed") return undefined;
  return makeOutcome(context, "refused", progress, progress.facts, `secrets: ${result.reason}`);
}

/** The system is as declared, the secrets may not be: nothing is activated for them. */
export async function deliverSecretsAlone(
  context: DeploymentContext,
  done: Outcome,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome> {
  const { request, session, report } = context;
  if (request.secrets === undefined || done.kind === "refused" || context.wanted.mode === "dry") return done;
  const shell = rootShell(session);
  const staged = await stageSecrets(shell, await request.secrets.stage(request.machine, signal), report, signal);
  if (staged.kind === "unchanged") return done;
  const results = [staged];
  // What only the next boot starts leaves the identities of what runs.
  const isRunning = done.kind === "unchanged";
  for (const act of isRunning ? [replaceSecrets, commitSecrets] : [replaceSecrets]) {
    if (results.at(-1)?.kind !== "failed") results.push(await act(shell, report, signal));
  }
  const last = results.at(-1);
  if (last?.kind === "failed")
    return makeOutcome(context, "refused", progress, progress.facts, `secrets: ${last.reason}`);
  if (!isRunning) return done;
  return makeOutcome(context, "switched", progress, progress.facts, "secrets alone");
}
