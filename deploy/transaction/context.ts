import { plainText } from "../../errors.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import type { DeclaredSystem } from "../activation/check-declared.ts";
import type { JobFollower, JobState } from "../activation/job-follower.ts";
import type { Step, Wanted } from "../activation/plan-activation.ts";
import { orderDeadlineSeconds } from "../activation/policy.ts";
import { hostScript, type ScriptName } from "../activation/scripts.ts";
import type { SupervisedJob } from "../activation/supervised-job.ts";
import type { JobPhase, Transaction } from "../activation/transaction.ts";
import type { DeploymentRequest } from "../deploy-machine.ts";
import type { HostFacts } from "../host-facts.ts";
import type { HostSession } from "../host-session.ts";
import { type Outcome, type OutcomeKind, outcomeFacts } from "../outcome.ts";
import type { PushResult } from "../store/push-closure.ts";
import type { PhaseClock } from "./phase-clock.ts";

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

export function currentTransaction({ transaction }: Progress): Transaction {
  if (transaction === undefined) throw new TypeError("no transaction was begun");
  return transaction;
}

export function jobOf(
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

/** Not the caller's signal: what was begun here is short, and better ended than left. */
export function ownTime<T>({ request }: DeploymentContext, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { policy } = request;
  const { commitDeadlineSeconds, rollbackDeadlineSeconds, reconnectDeadlineSeconds, ackDeadlineSeconds } = policy;
  const ways = commitDeadlineSeconds + 2 * rollbackDeadlineSeconds + reconnectDeadlineSeconds + 2 * ackDeadlineSeconds;
  return action(AbortSignal.timeout((ways + orderDeadlineSeconds(policy) + 120) * 1000));
}
