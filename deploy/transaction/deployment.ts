import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { type HostBusy, HostLock } from "../activation/host-lock.ts";
import { JobFollower } from "../activation/job-follower.ts";
import {
  begun,
  isMixed,
  openTransaction,
  planActivation,
  type Step,
  stagingStep,
} from "../activation/plan-activation.ts";
import { runs } from "../boot/specialisation.ts";
import type { DeploymentRequest } from "../deploy-machine.ts";
import type { HostFacts } from "../host-facts.ts";
import { HostSession } from "../host-session.ts";
import type { Outcome } from "../outcome.ts";
import { rootShell } from "../root-shell.ts";
import { commitSecrets } from "../secrets/secrets-phase.ts";
import type { ConnectionPool } from "../ssh/connection-pool.ts";
import { acknowledgeAndCommit, commit } from "./commit-step.ts";
import { type DeploymentContext, makeOutcome, type Progress, runScript, type StepOf, say } from "./context.ts";
import { outcomeWithJournal } from "./journal.ts";
import { followToEnd, order } from "./orders.ts";
import { PhaseClock } from "./phase-clock.ts";
import { check, dry, push } from "./prepare-steps.ts";
import { rebootIfWanted } from "./reboot.ts";
import { deliverSecretsAlone, stageMachineSecrets } from "./secrets-steps.ts";
import { test } from "./test-step.ts";
import { clearTrialLeft, deployByTrial } from "./trial.ts";

/** How often a deployment waits for another one's job before it calls the host busy. */
const mostWaits = 3;

/** One host's deployment from its facts to its outcome. What to do is decided by planActivation, how it went by judgeTest. */
export class Deployment {
  readonly #context: DeploymentContext;
  readonly #pool: ConnectionPool;

  constructor(request: DeploymentRequest, pool: ConnectionPool, report: Report) {
    this.#pool = pool;
    const { class: machineClass, system, toplevel, owner, machine, policy, connection } = request;
    this.#context = {
      request,
      report,
      session: new HostSession(pool, connection, policy.reconnectDeadlineSeconds, report),
      clock: new PhaseClock(machine),
      token: randomBytes(16).toString("hex"),
      wanted: {
        class: machineClass,
        system,
        toplevel,
        specialisation: policy.specialisation,
        owner: { ...owner, machine },
        formerOwners: (request.formerOwners ?? []).map((former) => ({ ...former, machine })),
        takeOver: policy.takeOver,
        mode: policy.mode,
        newId: randomBytes(8).toString("hex"),
      },
    };
  }

  async run(signal: AbortSignal): Promise<Outcome> {
    const { session, clock, wanted } = this.#context;
    await clock.timed("connect", () => session.connection(signal));
    const seen = await this.#facts(signal);
    const early = this.#withoutTouching(planActivation(seen, wanted), seen);
    const mayChange = early?.kind !== "refused" && wanted.mode !== "dry";
    const needsLock = mayChange && (this.#context.request.secrets !== undefined || seen.boot.trialLeft);
    if (early !== undefined && !needsLock) return early;
    const lock = await HostLock.take(session, wanted.newId, this.#name(), this.#context.report, signal);
    if (lock.kind === "busy") return makeOutcome(this.#context, "refused", { facts: seen }, seen, renderBusy(lock));
    await using held = lock;
    for (let waits = 0; waits < mostWaits; waits++) {
      // Again, under the lock: what was seen before it may be somebody else's work in progress.
      const facts = await this.#facts(signal);
      const isBusy = facts.jobs.some(({ state }) => state === "running" || state === "starting");
      if (facts.boot.trialLeft && mayChange && !isBusy) await clearTrialLeft(this.#context, signal);
      const plan = planActivation(facts, wanted);
      const [first] = plan;
      const done = this.#withoutTouching(plan, facts);
      if (done !== undefined) return await deliverSecretsAlone(this.#context, done, { facts }, signal);
      if (first?.kind === "await") {
        await this.#awaitJob(first, signal);
        continue;
      }
      const progress: Progress = { facts };
      const outcome = await this.#execute(plan, progress, held, signal);
      if (progress.tooLate !== true) return outcome;
      say(
        this.#context,
        "wait",
        "the activation that was under way went back before it could be taken up; beginning anew",
      );
    }
    return makeOutcome(this.#context, "refused", { facts: seen }, seen, "busy: other deployments follow one another");
  }

  async #execute(plan: readonly Step[], progress: Progress, lock: HostLock, signal: AbortSignal): Promise<Outcome> {
    if (isMixed(progress.facts)) this.#warn("mixed: the Mac was rebooted before a commit; activating puts it right");
    for (const step of plan) {
      const outcome = await this.#guarded(step, progress, lock, signal);
      if (outcome !== undefined) return outcome;
      if (step.kind === "check" && progress.staged !== undefined) return this.#stage(progress, lock, signal);
    }
    const isStaging = plan.some((step) => step.kind === "commit" && step.staged);
    const done = isStaging ? await this.#stagedOutcome(progress, signal) : await this.#committed(progress, signal);
    return this.#changing(progress, signal, () => this.#rebooted(progress, done, signal));
  }

  /** A boot into what was staged ends what was left open for the system before. */
  async #rebooted(progress: Progress, done: Outcome, signal: AbortSignal): Promise<Outcome> {
    const { session, report, request } = this.#context;
    const outcome = await rebootIfWanted(this.#context, progress, done, signal);
    const booted = done.kind === "staged-for-reboot" && outcome.kind === "switched";
    if (booted && request.secrets !== undefined) await commitSecrets(rootShell(session), report, signal);
    const isAlone = outcome.kind === "switched" && request.policy.specialisation !== null && !outcome.facts.committed;
    return isAlone && outcome !== done ? this.#afterReboot(signal) : outcome;
  }

  /** The default boot entry is the system's own: what the reboot started is left for the specialisation. */
  #afterReboot(signal: AbortSignal): Promise<Outcome> {
    const { request, report } = this.#context;
    const again = { ...request, policy: { ...request.policy, rebootPolicy: "never" } } as const;
    return new Deployment(again, this.#pool, report).run(signal);
  }

  /** Instead of `test`: only a reboot leads to the declared system. */
  async #stage(progress: Progress, lock: HostLock, signal: AbortSignal): Promise<Outcome> {
    const { facts } = progress;
    const { wanted, request } = this.#context;
    if (request.policy.trialBoot && request.policy.rebootPolicy !== "never") {
      // After that boot this very system runs, and nothing speaks against its test any more.
      const trial = () => deployByTrial(this.#context, progress, () => this.run(signal), signal);
      return this.#changing(progress, signal, trial);
    }
    const step = stagingStep(facts, begun(openTransaction(facts), facts, wanted));
    const outcome = await this.#guarded(step, progress, lock, signal);
    if (outcome !== undefined) return outcome;
    const staged = await this.#stagedOutcome(progress, signal);
    return this.#changing(progress, signal, () => this.#rebooted(progress, staged, signal));
  }

  async #stagedOutcome(progress: Progress, signal: AbortSignal): Promise<Outcome> {
    const after = await this.#factsAfter(signal);
    return makeOutcome(this.#context, "staged-for-reboot", progress, after, progress.staged ?? "as asked for");
  }

  #step(step: Step, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    const context = this.#context;
    switch (step.kind) {
      case "claim":
        return this.#claim(step, progress, signal);
      case "roots":
        return runScript(context, "roots", [step.declared, step.previous ?? ""], signal).then(() => undefined);
      case "push":
        return push(context, step, progress, signal);
      case "check":
        return check(context, step, progress, signal);
      case "dry":
        return dry(context, step, progress, signal);
      case "test":
        return test(context, step, progress, signal);
      case "acknowledge":
        return acknowledgeAndCommit(context, step, progress, signal);
      case "commit":
        return this.#commit(step, progress, signal);
      case "refuse":
      case "await":
        throw new TypeError(`a plan begins with ${step.kind} or has none`);
    }
  }

  /** What only the next boot starts needs its secrets there; what was tested has them. */
  async #commit(step: StepOf<"commit">, progress: Progress, signal: AbortSignal): Promise<Outcome | undefined> {
    const refused =
      step.staged && !step.attach ? await stageMachineSecrets(this.#context, progress, signal) : undefined;
    return refused ?? commit(this.#context, step, progress);
  }

  async #claim(step: StepOf<"claim">, progress: Progress, signal: AbortSignal): Promise<Outcome> {
    await runScript(this.#context, "claim", [JSON.stringify(step.owner)], signal);
    return deliverSecretsAlone(this.#context, this.#asItIs(progress.facts), progress, signal);
  }

  async #guarded(step: Step, progress: Progress, lock: HostLock, signal: AbortSignal): Promise<Outcome | undefined> {
    const act = async (): Promise<Outcome | undefined> => {
      const busy = await lock.renew(signal);
      if (busy === undefined) return this.#step(step, progress, signal);
      return makeOutcome(this.#context, "interrupted", progress, undefined, `the lock was lost: ${renderBusy(busy)}`);
    };
    const changes = step.kind === "test" || step.kind === "acknowledge" || step.kind === "commit";
    return changes ? this.#changing(progress, signal, act) : act();
  }

  /**
   * From `test` on, and by a reboot, the host is changed: whatever stops us, a mistake of ours too, is an outcome with what
   * can still be learned about the host. An error would leave the state with the old system.
   */
  async #changing<T>(progress: Progress, signal: AbortSignal, act: () => Promise<T>): Promise<T | Outcome> {
    try {
      return await act();
    } catch (error) {
      const words = `${renderStop(error, signal)}; the next run goes on where the host stands`;
      return makeOutcome(this.#context, "interrupted", progress, await this.#factsAfter(signal), words);
    }
  }

  /** The commit ended well; the host has the last word. */
  async #committed(progress: Progress, signal: AbortSignal): Promise<Outcome> {
    const { wanted } = this.#context;
    const { toplevel } = wanted;
    const after = await this.#factsAfter(signal);
    if (after === undefined) {
      const current = progress.activates ?? toplevel;
      const name = wanted.specialisation;
      const specialisations = name === null ? [] : [{ of: toplevel, name }];
      const known = { ...progress.facts, current, specialisations, profile: toplevel, generation: null };
      return makeOutcome(this.#context, "switched", progress, known, "the host could not be asked after the commit");
    }
    if (!runs(after, wanted) || after.profile !== toplevel) {
      return makeOutcome(this.#context, "superseded", progress, after, "somebody else deployed just after the commit");
    }
    const failed = progress.tolerated ?? [];
    if (failed.length === 0) return makeOutcome(this.#context, "switched", progress, after, progress.remark);
    return outcomeWithJournal(this.#context, progress, failed, after, AbortSignal.timeout(30_000));
  }

  /**
   * Also when the caller's signal is aborted or the host is gone: then undefined. Pulumi kills a provider 5 s after ^C;
   * in these the lock and the connection are to be closed, too.
   */
  async #factsAfter(signal: AbortSignal): Promise<HostFacts | undefined> {
    const { session, wanted, report, request } = this.#context;
    try {
      return await session.facts(wanted, AbortSignal.timeout(signal.aborted ? 2_000 : 10_000));
    } catch (error) {
      const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
      const message = `the host could not be asked afterwards: ${why}`;
      report({ level: "warning", subject: request.machine, phase: "facts", message });
      return undefined;
    }
  }

  #facts(signal: AbortSignal): Promise<HostFacts> {
    const { clock, session, wanted } = this.#context;
    return clock.timed("facts", () => session.facts(wanted, signal));
  }

  #withoutTouching(plan: readonly Step[], facts: HostFacts): Outcome | undefined {
    const [first] = plan;
    if (first === undefined) return this.#asItIs(facts);
    if (first.kind !== "refuse") return undefined;
    return makeOutcome(this.#context, "refused", { facts }, facts, first.reason);
  }

  /** Nothing to do: it runs, or waits for the next boot as asked for. */
  #asItIs(facts: HostFacts): Outcome {
    const isRunning = runs(facts, this.#context.wanted);
    return makeOutcome(this.#context, isRunning ? "unchanged" : "staged-for-reboot", { facts }, facts);
  }

  /** An earlier deployment's job, whose operator is gone: nobody acknowledges it any more. */
  async #awaitJob({ job }: StepOf<"await">, signal: AbortSignal): Promise<void> {
    const { report, request, session } = this.#context;
    const message = `an earlier deployment is under way (${job}), waiting for its end`;
    report({ level: "info", subject: request.machine, phase: "wait", message });
    await order(this.#context, job, "take", "", signal);
    const follower = new JobFollower(session, job, report);
    await follower.until("tested", request.policy.testDeadlineSeconds + 60, signal);
    await order(this.#context, job, "rollback", "another system is declared", signal);
    await followToEnd(this.#context, follower, signal);
  }

  #warn(message: string): void {
    const { report, request } = this.#context;
    report({ level: "warning", subject: request.machine, phase: "facts", message });
  }

  #name(): string {
    const { project, stack } = this.#context.wanted.owner;
    return `${project}/${stack} on ${hostname()}`.replaceAll(/\s+/g, " ");
  }
}

/** What stopped a deployment, in one line. */
function renderStop(error: unknown, signal: AbortSignal): string {
  if (error instanceof FleetError) {
    const { summary, found } = error.facts;
    return `${summary.replace(/^[^:]*: /, "")} (${found.replaceAll(/\s+/g, " ").slice(0, 500)})`;
  }
  if (signal.aborted) return "stopped by request";
  return error instanceof Error ? error.message : String(error);
}

function renderBusy({ since, by }: HostBusy): string {
  return since === 0 ? "busy" : `busy since ${new Date(since * 1000).toISOString()}, by ${by}`;
}
