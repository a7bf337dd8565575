import type { Report } from "../report.ts";
import { type DeclaredSystem, readDeclared, reasonAgainst } from "./activation/check-declared.ts";
import { type HostJob, runHostJob } from "./activation/host-job.ts";
import { type Judgement, judgeTest } from "./activation/judge-test.ts";
import type { Step, Wanted } from "./activation/plan-activation.ts";
import { parseJournal, readJournal } from "./activation/read-journal.ts";
import { hostScript } from "./activation/scripts.ts";
import type { Transaction } from "./activation/transaction.ts";
import type { DeploymentRequest } from "./deploy-machine.ts";
import { DiskSpaceError } from "./errors.ts";
import type { HostFacts } from "./host-facts.ts";
import type { HostSession } from "./host-session.ts";
import { type Outcome, type OutcomeKind, outcomeFacts } from "./outcome.ts";
import type { PhaseClock } from "./phase-clock.ts";
import { type PushResult, pushClosure } from "./store/push-closure.ts";

export type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/** What every step works with. */
export interface DeploymentContext {
  readonly request: DeploymentRequest;
  readonly session: HostSession;
  readonly wanted: Wanted;
  readonly clock: PhaseClock;
  readonly report: Report;
}

/** What one deployment has learned so far. */
export interface Progress {
  /** The host as the plan saw it. */
  readonly facts: HostFacts;
  declared?: DeclaredSystem;
  transaction?: Transaction;
  pushed?: PushResult;
  exitCode?: number;
  /** Units that failed and do not stand in the way of the commit. */
  tolerated?: readonly string[];
  /** What the test left to be said although it was good. */
  remark?: string;
}

/** @returns an outcome when the deployment ends with this step. */
export async function executeStep(
  context: DeploymentContext,
  step: Step,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  switch (step.kind) {
    case "claim":
      await runScript(context, "claim", [JSON.stringify(step.owner)], signal);
      return makeOutcome(context, "unchanged", progress, progress.facts);
    case "roots":
      await runScript(context, "roots", [step.declared, step.previous ?? ""], signal);
      return undefined;
    case "push":
      return push(context, step, progress, signal);
    case "check":
      return check(context, step, progress, signal);
    case "test":
      return test(context, step, progress, signal);
    case "commit":
      return commit(context, step, progress);
    case "refuse":
    case "await":
      throw new TypeError(`a plan begins with ${step.kind} or has none`);
  }
}

export function makeOutcome(
  { request, wanted, clock }: DeploymentContext,
  kind: OutcomeKind,
  progress: Progress,
  after: HostFacts | undefined,
  reason?: string,
): Outcome {
  const facts = outcomeFacts({ ...progress, after, toplevel: wanted.toplevel, seconds: clock.seconds });
  const why = reason === undefined ? {} : { reason: reason.slice(0, 2_000) };
  return { kind, machine: request.machine, ...why, facts };
}

/** The outcome of failed units, with their last words. */
export async function outcomeWithJournal(
  context: DeploymentContext,
  progress: Progress,
  units: readonly string[],
  after: HostFacts,
  signal: AbortSignal,
  reason?: string,
): Promise<Outcome> {
  const outcome = makeOutcome(context, "switched-with-failed-units", progress, after, reason);
  const newlyFailed = await readJournal(context.session, units, signal).catch((error: unknown) => {
    // The units are known without their words, and the host is what it is.
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    const message = `the journal could not be read: ${why}`;
    context.report({ level: "warning", subject: context.request.machine, phase: "journal", message });
    return parseJournal(units, "");
  });
  return { ...outcome, facts: { ...outcome.facts, newlyFailed } };
}

async function push(
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

async function check(
  context: DeploymentContext,
  step: StepOf<"check">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const declared = await context.clock.timed("check", () => readDeclared(context.session, step.toplevel, signal));
  progress.declared = declared;
  const reason = reasonAgainst(declared, progress.facts, context.wanted);
  return reason === undefined ? undefined : makeOutcome(context, "refused", progress, progress.facts, reason);
}

async function test(
  context: DeploymentContext,
  { attach, job, transaction }: StepOf<"test">,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { session, wanted, request, report, clock } = context;
  const isDarwin = wanted.class === "darwin";
  progress.transaction = transaction;
  say(context, "test", attach ? "taking up the activation that is under way" : "activating, not yet for the next boot");
  const hostJob: HostJob = {
    id: job,
    phase: "test",
    transaction,
    script: isDarwin ? "activate-darwin" : "test",
    args: [transaction.toplevel, ...(isDarwin ? [String(progress.facts.loginUid)] : [])],
    how: isDarwin ? "process" : "unit",
    deadlineSeconds: request.policy.testDeadlineSeconds,
    attach,
  };
  const end = await clock.timed("test", () => runHostJob(session, hostJob, report, signal));
  if (end.exitCode !== undefined) progress.exitCode = end.exitCode;
  const after = await session.facts(wanted.class, signal);
  const judgement = judgeTest(transaction, wanted.class, progress.facts, after, end);
  return afterTest(context, judgement, transaction, progress, after, signal);
}

async function afterTest(
  context: DeploymentContext,
  judgement: Judgement,
  transaction: Transaction,
  progress: Progress,
  after: HostFacts,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  switch (judgement.kind) {
    case "commit":
      progress.tolerated = judgement.failed;
      if (judgement.remark !== undefined) progress.remark = judgement.remark;
      return undefined;
    case "failed-units":
      await recordFailure(context, transaction, signal);
      return outcomeWithJournal(context, progress, judgement.failed, after, signal, judgement.reason);
    case "interrupted":
      await recordFailure(context, transaction, signal);
      return makeOutcome(context, "interrupted", progress, after, judgement.reason);
    case "refused":
    case "superseded":
      // Nothing of ours runs: the transaction is over, and the next deployment begins a new one.
      await runScript(context, "record", [""], signal);
      return makeOutcome(context, judgement.kind, progress, after, judgement.reason);
  }
}

/** Kept open, with what failed before it: tested again, the same failure is still a new one. */
async function recordFailure(context: DeploymentContext, transaction: Transaction, signal: AbortSignal): Promise<void> {
  await runScript(context, "record", [JSON.stringify({ ...transaction, phase: "test-failed" })], signal);
}

async function commit(
  context: DeploymentContext,
  { attach, job, transaction }: StepOf<"commit">,
  progress: Progress,
): Promise<Outcome | undefined> {
  const { session, wanted, request, report, clock } = context;
  const { commitDeadlineSeconds, reconnectDeadlineSeconds } = request.policy;
  // Not the caller's signal: a commit is short, and what was begun here is better ended than left.
  const signal = AbortSignal.timeout((commitDeadlineSeconds + reconnectDeadlineSeconds + 60) * 1000);
  progress.transaction = transaction;
  const { toplevel, previous, owner } = transaction;
  const bootable = progress.declared?.bootable === true ? "yes" : "no";
  say(context, "commit", bootable === "yes" ? "setting profile and boot entry" : "setting the profile");
  const hostJob: HostJob = {
    id: job,
    phase: "commit",
    transaction,
    script: "commit",
    args: [toplevel, previous.profile ?? "", bootable, JSON.stringify(owner), `${previous.generation ?? ""}`],
    how: wanted.class === "darwin" ? "process" : "unit",
    deadlineSeconds: commitDeadlineSeconds,
    attach,
  };
  const end = await clock.timed("commit", () => runHostJob(session, hostJob, report, signal));
  if (end.exitCode === 0) return undefined;
  const after = await session.facts(wanted.class, signal);
  const reason = lastWords(end.log) || `exit code ${end.exitCode}`;
  if (end.exitCode === undefined) {
    return makeOutcome(context, "interrupted", progress, after, "the commit was stopped before its end");
  }
  if (end.exitCode !== 20) return makeOutcome(context, "commit-failed", progress, after, reason);
  await runScript(context, "record", [""], signal);
  return makeOutcome(context, "superseded", progress, after, reason);
}

/** The commit script's own last line, without its marks. */
function lastWords(log: string): string {
  const own = log.split("\n").findLast((line) => line.startsWith("pulumi-clan: "));
  return own?.replace(/^pulumi-clan: (?:superseded: )?/, "").slice(0, 500) ?? "";
}

async function runScript(
  { session }: DeploymentContext,
  name: "roots" | "record" | "claim",
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const script = hostScript(name, args);
  await session.retried(() => session.script(script, { deadlineSeconds: 30 }, signal), signal);
}

function say({ report, request }: DeploymentContext, phase: string, message: string): void {
  report({ level: "info", subject: request.machine, phase, message });
}
