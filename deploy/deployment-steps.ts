import { plainText } from "../errors.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { type DeclaredSystem, readDeclared, reasonAgainst } from "./activation/check-declared.ts";
import type { JobFollower, JobState } from "./activation/job-follower.ts";
import type { Step, Wanted } from "./activation/plan-activation.ts";
import { causesOf, parseJournal, readJournal } from "./activation/read-journal.ts";
import { hostScript, type ScriptName } from "./activation/scripts.ts";
import type { Transaction } from "./activation/transaction.ts";
import { readSpecialisation } from "./boot/specialisation.ts";
import type { DeploymentRequest } from "./deploy-machine.ts";
import { DiskSpaceError } from "./errors.ts";
import type { HostFacts } from "./host-facts.ts";
import type { HostSession } from "./host-session.ts";
import { type FailedUnit, type Outcome, type OutcomeKind, outcomeFacts } from "./outcome.ts";
import type { PhaseClock } from "./phase-clock.ts";
import { rootShell } from "./root-shell.ts";
import { commitSecrets, replaceSecrets, stageSecrets } from "./secrets/secrets-phase.ts";
import { type PushResult, pushClosure } from "./store/push-closure.ts";

export type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/** What every step works with. */
export interface DeploymentContext {
  readonly request: DeploymentRequest;
  readonly session: HostSession;
  readonly wanted: Wanted;
  /** Only who has it gives orders to this deployment's supervisor. */
  readonly token: string;
  readonly clock: PhaseClock;
  readonly report: Report;
}

/** What one deployment has learned so far. */
export interface Progress {
  /** The host as the plan saw it. */
  readonly facts: HostFacts;
  declared?: DeclaredSystem;
  /** The declared specialisation's own toplevel. */
  activates?: StorePath;
  /** `test` is left out: only a reboot leads to the declared system. */
  staged?: string;
  transaction?: Transaction;
  pushed?: PushResult;
  follower?: JobFollower;
  /** The supervisor's end, when it was seen. */
  ended?: Extract<JobState, { readonly kind: "ended" }>;
  /** By the operator's clock: when the supervisor stops waiting for an order. */
  orderUntil?: number;
  exitCode?: number;
  /** Units that failed and do not stand in the way of the commit. */
  tolerated?: readonly string[];
  /** The job that was taken over went back before this deployment had a word in it: its end is not this one's. */
  tooLate?: boolean;
  /** What the test left to be said although it was good. */
  remark?: string;
}

export function makeOutcome(
  { request, wanted, clock }: DeploymentContext,
  kind: OutcomeKind,
  progress: Progress,
  after: HostFacts | undefined,
  reason?: string,
): Outcome {
  const facts = outcomeFacts({ ...progress, after, wanted, seconds: clock.seconds });
  const why = reason === undefined ? {} : { reason: plainText(reason).slice(0, 2_000) };
  return { kind, machine: request.machine, ...why, facts };
}

/** The outcome of failed units, with their last words. */
export async function outcomeWithJournal(
  context: DeploymentContext,
  progress: Progress,
  units: readonly string[],
  after: HostFacts,
  signal: AbortSignal,
): Promise<Outcome> {
  const newlyFailed = await readJournalIfPossible(context, units, signal);
  const reason = causesOf(newlyFailed).slice(0, 2).join("; ") || undefined;
  const outcome = makeOutcome(context, "switched-with-failed-units", progress, after, reason);
  return { ...outcome, facts: { ...outcome.facts, newlyFailed } };
}

/** The units are known without their words, and the host is what it is. */
export async function readJournalIfPossible(
  context: DeploymentContext,
  units: readonly string[],
  signal: AbortSignal,
): Promise<FailedUnit[]> {
  try {
    return await readJournal(context.session, units, signal);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    const message = `the journal could not be read: ${why}`;
    context.report({ level: "warning", subject: context.request.machine, phase: "journal", message });
    return parseJournal(units, "");
  }
}

export async function push(
  context: DeploymentContext,
  step: StepOf<"push">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { session, request, report, clock } = context;
  const options = { deadlineSeconds: request.policy.pushDeadlineSeconds };
  try {
    progress.pushed = await clock.timed("push", () => pushClosure(session, step.toplevel, options, report, signal));
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
  const bootOnly = declared.bootOnly.join("; ");
  if (bootOnly === "" || wanted.mode === "dry" || wanted.mode === "boot") return undefined;
  const why = `the new system needs a reboot: ${bootOnly}`;
  if (!declared.bootable || wanted.mode === "test") return refused(why);
  progress.staged = why;
  return undefined;
}

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

/** Runs one of our scripts that may run twice. */
export function runScript(
  { session }: DeploymentContext,
  name: ScriptName,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const script = hostScript(name, args);
  return session.retried(() => session.script(script, { deadlineSeconds: 60 }, signal), signal);
}

export function say({ report, request }: DeploymentContext, phase: string, message: string): void {
  report({ level: "info", subject: request.machine, phase, message });
}
