import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Report } from "../report.ts";
import { type DeclaredSystem, readDeclared, reasonAgainst } from "./activation/check-declared.ts";
import { runHostJob } from "./activation/host-job.ts";
import { type HostBusy, type HostLock, takeLock } from "./activation/host-lock.ts";
import { type Judgement, judgeTest } from "./activation/judge-test.ts";
import { planActivation, type Step, type Wanted } from "./activation/plan-activation.ts";
import { readJournal } from "./activation/read-journal.ts";
import { hostScript } from "./activation/scripts.ts";
import type { Transaction } from "./activation/transaction.ts";
import type { DeploymentRequest } from "./deploy-machine.ts";
import { ConnectionLostError, DiskSpaceError, HostUnreachableError, RemoteDeadlineError } from "./errors.ts";
import type { HostFacts } from "./host-facts.ts";
import { HostSession } from "./host-session.ts";
import { type Outcome, type OutcomeKind, outcomeFacts } from "./outcome.ts";
import type { ConnectionPool } from "./ssh/connection-pool.ts";
import { type PushResult, pushClosure } from "./store/push-closure.ts";

type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/** What one deployment has learned so far. */
interface Progress {
  /** The host as the plan saw it. */
  readonly facts: HostFacts;
  declared?: DeclaredSystem;
  transaction?: Transaction;
  pushed?: PushResult;
  exitCode?: number;
  /** Failed units that are tolerated. */
  tolerated?: readonly string[];
}

/** Executes the plan for one host. Decisions are in planActivation and judgeTest; here is the order and what becomes of errors. */
export class Deployment {
  readonly #request: DeploymentRequest;
  readonly #session: HostSession;
  readonly #report: Report;
  readonly #wanted: Wanted;
  readonly #seconds: Record<string, number> = {};

  constructor(request: DeploymentRequest, pool: ConnectionPool, report: Report) {
    const { class: machineClass, system, toplevel, owner, machine, policy } = request;
    this.#request = request;
    this.#report = report;
    this.#session = new HostSession(pool, request.connection, policy.reconnectDeadlineSeconds, report);
    this.#wanted = {
      class: machineClass,
      system,
      toplevel,
      owner: { ...owner, machine },
      takeOver: policy.takeOver,
      newId: randomBytes(8).toString("hex"),
    };
  }

  async run(signal: AbortSignal): Promise<Outcome> {
    await this.#timed("connect", () => this.#session.connection(signal));
    const seen = await this.#timed("facts", () => this.#session.facts(this.#wanted.class, signal));
    const early = this.#withoutTouching(planActivation(seen, this.#wanted), { facts: seen });
    if (early !== undefined) return early;
    const lock = await this.#lock(signal);
    if (lock.kind === "busy") return this.#outcome("refused", { facts: seen }, seen, busyReason(lock));
    await using _held = lock;
    for (let round = 0; round < 3; round++) {
      // Again, under the lock: what was seen before it may be somebody else's work in progress.
      const facts = await this.#timed("facts", () => this.#session.facts(this.#wanted.class, signal));
      const plan = planActivation(facts, this.#wanted);
      const [first] = plan;
      const done = this.#withoutTouching(plan, { facts });
      if (done !== undefined) return done;
      if (first?.kind !== "await") return await this.#execute(plan, { facts }, signal);
      await this.#awaitForeignJob(first, facts, signal);
    }
    return this.#outcome("refused", { facts: seen }, seen, "busy: jobs of other deployments follow one another");
  }

  async #execute(plan: readonly Step[], progress: Progress, signal: AbortSignal): Promise<Outcome> {
    for (const step of plan) {
      const outcome = await this.#step(step, progress, signal);
      if (outcome !== undefined) return outcome;
    }
    const after = await this.#factsAfter();
    return this.#committed(progress, after ?? progress.facts);
  }

  /** @returns an outcome when the deployment ends here. */
  async #step(step: Step, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    switch (step.kind) {
      case "roots":
        await this.#script("roots", [step.declared, step.previous ?? ""], signal);
        return undefined;
      case "push":
        return this.#push(step, progress, signal);
      case "check":
        return this.#check(step, progress, signal);
      case "test":
        return this.#touching(progress, () => this.#test(step, progress, signal), signal);
      case "commit":
        return this.#touching(progress, () => this.#commit(step, progress), signal);
      case "refuse":
      case "await":
        throw new TypeError(`a plan begins with ${step.kind} or has none`);
    }
  }

  async #push(step: StepOf<"push">, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    const options = { deadlineSeconds: this.#request.policy.pushDeadlineSeconds };
    try {
      progress.pushed = await this.#timed("push", () =>
        pushClosure(this.#session, step.toplevel, options, this.#report, signal),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof DiskSpaceError)) throw error;
      const { expected, found } = error.facts;
      return this.#outcome("refused", progress, progress.facts, `no space in /nix: ${expected}, found ${found}`);
    }
  }

  async #check(step: StepOf<"check">, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    progress.declared = await this.#timed("check", () => readDeclared(this.#session, step.toplevel, signal));
    const reason = reasonAgainst(progress.declared, progress.facts, this.#wanted);
    return reason === undefined ? undefined : this.#outcome("refused", progress, progress.facts, reason);
  }

  async #test(step: StepOf<"test">, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    const isDarwin = this.#wanted.class === "darwin";
    progress.transaction = step.transaction;
    this.#say(
      "test",
      step.attach ? "taking up the activation that is under way" : "activating, not yet for the next boot",
    );
    const end = await this.#timed("test", () =>
      runHostJob(
        this.#session,
        {
          id: step.job,
          phase: "test",
          transaction: step.transaction,
          script: isDarwin ? "activate-darwin" : "test",
          args: [step.transaction.toplevel, ...(isDarwin ? [String(progress.facts.loginUid)] : [])],
          how: isDarwin ? "process" : "unit",
          deadlineSeconds: this.#request.policy.testDeadlineSeconds,
          attach: step.attach,
        },
        this.#report,
        signal,
      ),
    );
    if (end.exitCode !== undefined) progress.exitCode = end.exitCode;
    const after = await this.#session.facts(this.#wanted.class, signal);
    const judgement = judgeTest(step.transaction, this.#wanted.class, progress.facts, after, end);
    return this.#judged(judgement, progress, after, signal);
  }

  async #judged(
    judgement: Judgement,
    progress: Progress,
    after: HostFacts,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    switch (judgement.kind) {
      case "commit":
        progress.tolerated = judgement.failed;
        return undefined;
      case "failed-units": {
        const failed: Transaction | undefined = progress.transaction && {
          ...progress.transaction,
          phase: "test-failed",
        };
        await this.#script("record", [JSON.stringify(failed)], signal);
        progress.tolerated = judgement.failed;
        return this.#withJournal("switched-with-failed-units", progress, after, judgement.reason, signal);
      }
      case "interrupted":
        return this.#outcome("interrupted", progress, after, judgement.reason);
      case "refused":
      case "superseded":
        // Nothing of ours runs: the transaction is over, and the next deployment begins a new one.
        await this.#script("record", [""], signal);
        return this.#outcome(judgement.kind, progress, after, judgement.reason);
    }
  }

  async #commit(step: StepOf<"commit">, progress: Progress): Promise<Outcome | undefined> {
    const { transaction } = step;
    const { commitDeadlineSeconds, reconnectDeadlineSeconds } = this.#request.policy;
    // Not the caller's signal: a commit is short, and what was begun here is better ended than left.
    const signal = AbortSignal.timeout((commitDeadlineSeconds + reconnectDeadlineSeconds + 60) * 1000);
    progress.transaction = transaction;
    const args = [
      transaction.toplevel,
      transaction.previous.profile ?? "",
      progress.declared?.bootable === true ? "yes" : "no",
      JSON.stringify(transaction.owner),
    ];
    const how = this.#wanted.class === "darwin" ? "process" : "unit";
    const job = { id: step.job, phase: "commit", transaction, script: "commit", args, how } as const;
    const limits = { deadlineSeconds: commitDeadlineSeconds, attach: step.attach };
    this.#say("commit", "setting profile and boot entry");
    const end = await this.#timed("commit", () =>
      runHostJob(this.#session, { ...job, ...limits }, this.#report, signal),
    );
    if (end.exitCode === 0) return undefined;
    const after = await this.#session.facts(this.#wanted.class, signal);
    const reason =
      end.log
        .trimEnd()
        .split("\n")
        .at(-1)
        ?.replace(/^pulumi-clan: /, "")
        .slice(0, 500) ?? "";
    if (end.exitCode === undefined)
      return this.#outcome("interrupted", progress, after, "the commit was stopped before its end");
    if (end.exitCode !== 20)
      return this.#outcome("commit-failed", progress, after, reason || `exit code ${end.exitCode}`);
    await this.#script("record", [""], signal);
    return this.#outcome("superseded", progress, after, reason.replace(/^superseded: /, ""));
  }

  /** From here on the host is changed: whatever stops us is an outcome, with what can still be learned about the host. */
  async #touching(
    progress: Progress,
    action: () => Promise<Outcome | undefined>,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    try {
      return await action();
    } catch (error) {
      const lost =
        error instanceof ConnectionLostError ||
        error instanceof HostUnreachableError ||
        error instanceof RemoteDeadlineError;
      if (!lost && !signal.aborted) throw error;
      const reason = lost
        ? `${error.facts.summary.replace(/^[^:]*: /, "")} (${error.facts.found})`
        : "stopped by request";
      const after = await this.#factsAfter();
      return this.#outcome("interrupted", progress, after, `${reason}; the next run goes on where the host stands`);
    }
  }

  /** Also when the caller's signal is aborted or the host is gone: then undefined. */
  async #factsAfter(): Promise<HostFacts | undefined> {
    try {
      return await this.#session.facts(this.#wanted.class, AbortSignal.timeout(10_000));
    } catch (error) {
      const message = `the host could not be asked afterwards: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
      this.#report({ level: "warning", subject: this.#request.machine, phase: "facts", message });
      return undefined;
    }
  }

  async #committed(progress: Progress, after: HostFacts): Promise<Outcome> {
    if (after.current !== this.#wanted.toplevel || after.profile !== this.#wanted.toplevel) {
      return this.#outcome("superseded", progress, after, "somebody else deployed just after the commit");
    }
    if ((progress.tolerated ?? []).length === 0) return this.#outcome("switched", progress, after);
    const signal = AbortSignal.timeout(30_000);
    return this.#withJournal("switched-with-failed-units", progress, after, undefined, signal);
  }

  async #withJournal(
    kind: OutcomeKind,
    progress: Progress,
    after: HostFacts,
    reason: string | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const outcome = this.#outcome(kind, progress, after, reason);
    const newlyFailed = await readJournal(this.#session, progress.tolerated ?? [], signal);
    return { ...outcome, facts: { ...outcome.facts, newlyFailed } };
  }

  #withoutTouching(plan: readonly Step[], progress: Progress): Outcome | undefined {
    const [first] = plan;
    if (first === undefined) return this.#outcome("unchanged", progress, progress.facts);
    return first.kind === "refuse" ? this.#outcome("refused", progress, progress.facts, first.reason) : undefined;
  }

  #outcome(kind: OutcomeKind, progress: Progress, after: HostFacts | undefined, reason?: string): Outcome {
    const facts = outcomeFacts({ ...progress, after, toplevel: this.#wanted.toplevel, seconds: this.#seconds });
    return {
      kind,
      machine: this.#request.machine,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 2_000) }),
      facts,
    };
  }

  async #lock(signal: AbortSignal): Promise<HostLock | HostBusy> {
    const { project, stack } = this.#wanted.owner;
    const by = `${project}/${stack} on ${hostname()}`.replaceAll(/\s+/g, " ");
    const host = await this.#session.connection(signal);
    return takeLock(host, this.#session.elevation, this.#wanted.newId, by, signal);
  }

  async #awaitForeignJob({ job }: StepOf<"await">, { transaction }: HostFacts, signal: AbortSignal): Promise<void> {
    if (transaction === undefined || transaction === "unreadable") return;
    this.#say("wait", `an earlier deployment is under way (${job}), waiting for its end`);
    const deadlineSeconds = this.#request.policy.testDeadlineSeconds;
    const followed = { id: job, phase: "test", transaction, script: "test", args: [], how: "unit" } as const;
    await runHostJob(this.#session, { ...followed, deadlineSeconds, attach: true }, this.#report, signal);
  }

  async #script(name: "roots" | "record", args: readonly string[], signal: AbortSignal): Promise<void> {
    const script = hostScript(name, args);
    await this.#session.retried(() => this.#session.script(script, { deadlineSeconds: 30 }, signal), signal);
  }

  #say(phase: string, message: string): void {
    this.#report({ level: "info", subject: this.#request.machine, phase, message });
  }

  async #timed<T>(phase: string, action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await action();
    } finally {
      const seconds = (this.#seconds[phase] ?? 0) + (performance.now() - start) / 1000;
      this.#seconds[phase] = Math.round(seconds * 1000) / 1000;
    }
  }
}

function busyReason({ since, by }: HostBusy): string {
  return since === 0 ? "busy" : `busy since ${new Date(since * 1000).toISOString()}, by ${by}`;
}
