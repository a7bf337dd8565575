import { planRollout, refusalOf, type Wave } from "../clan/rollout/plan-rollout.ts";
import { type End, failedIn, type GateAnswer, RolloutRun } from "../clan/rollout/run-rollout.ts";
import { noFacts } from "../deploy/outcome.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import type { Report } from "../report.ts";
import { deliverSystem } from "../stack/deliver-system.ts";
import { type Delivery, isAsAsked } from "../stack/delivery.ts";
import { passGate, WaveClosedError, type WaveMember } from "../stack/pass-gate.ts";
import type { StackRollout } from "../stack/stack-rollout.ts";
import type { Result } from "./delivery-results.ts";
import { progressOn } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface DeliverOptions {
  /** Machines at a time, whatever the rollout lets begin. */
  readonly parallel: number;
  readonly verbose: boolean;
  readonly sudoPassword?: SecretText | undefined;
  /** Default: all at once. */
  readonly rollout?: StackRollout | undefined;
}

/**
 * Deploys several machines in the order of their rollout; one that fails keeps none of those from their end that have begun.
 * @throws only for what is our own fault.
 */
export async function deliverAll(
  deliveries: readonly Delivery[],
  { parallel, verbose, sudoPassword, rollout }: DeliverOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Result[]> {
  const work = { report: progressOn(terminal, verbose), sudoPassword, signal, parallel };
  const results = await new DeliveryRun(deliveries, rollout ?? allAtOnce(deliveries), work, terminal).all();
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

function allAtOnce(deliveries: readonly Delivery[]): StackRollout {
  const machines = deliveries.map(({ machine }) => machine);
  const plan = planRollout({ fleet: {}, machines, config: undefined, operator: new Map(), file: "" });
  return { plan, healthGatesOf: () => [] };
}

interface Work {
  readonly report: Report;
  readonly sudoPassword: SecretText | undefined;
  readonly signal: AbortSignal;
  readonly parallel: number;
}

class DeliveryRun {
  readonly #deliveries: readonly Delivery[];
  readonly #rollout: StackRollout;
  readonly #run: RolloutRun;
  readonly #work: Work;
  readonly #terminal: Terminal;
  readonly #members = new Map<string, WaveMember>();
  readonly #takenBack = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(deliveries: readonly Delivery[], rollout: StackRollout, work: Work, terminal: Terminal) {
    this.#deliveries = deliveries;
    this.#rollout = rollout;
    this.#work = work;
    this.#terminal = terminal;
    this.#run = new RolloutRun(rollout.plan, (wave, ends) => this.#gate(wave, ends));
  }

  async all(): Promise<PromiseSettledResult<Result>[]> {
    const results = await Promise.allSettled(this.#deliveries.map((delivery) => this.#deliver(delivery)));
    await this.#run.finished;
    return results.map((result) => {
      if (result.status === "rejected" || !this.#takenBack.has(result.value.machine)) return result;
      return { status: "fulfilled", value: takenBack(result.value) };
    });
  }

  async #deliver(delivery: Delivery): Promise<Result> {
    const { machine } = delivery;
    const { unreachable } = this.#rollout.plan;
    const turn = await this.#run.turn(machine);
    if (turn.kind === "held")
      return {
        machine,
        held: refusalOf(this.#rollout.plan, machine) === undefined ? "held" : "refused",
        reason: turn.reason,
      };
    const result = await this.#attempt(delivery).catch((error: unknown) => {
      this.#run.ended(machine, { kind: "failed", down: true }); // a fault of ours: nobody behind it may wait for ever
      throw error;
    });
    const absent = unreachable === "fail" ? undefined : absence(result);
    this.#run.ended(machine, absent === undefined ? endOf(result) : { kind: "left" });
    if (absent === undefined) return result;
    if (unreachable === "skip") return { machine, held: "skipped", reason: absent };
    const all = await this.#run.finished;
    if (!all.open) return { machine, held: "held", reason: all.reason };
    const again = await this.#attempt(delivery);
    const still = absence(again);
    return still === undefined ? again : { machine, held: "queued", reason: still };
  }

  /** So many at a time as was asked for. */
  async #attempt(delivery: Delivery): Promise<Result> {
    if (this.#underWay >= this.#work.parallel) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay += 1;
    try {
      return await this.#deliverOne(delivery);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  async #deliverOne(delivery: Delivery): Promise<Result> {
    const { machine, policy } = delivery;
    const { report, sudoPassword, signal } = this.#work;
    try {
      const deadline = AbortSignal.timeout(delivery.deadlineSeconds * 1000);
      signal.throwIfAborted();
      const { outcome } = await deliverSystem(delivery, report, AbortSignal.any([signal, deadline]), sudoPassword);
      const { current: running, failedAfter: failedUnits, previous } = outcome.facts;
      const deployedAt = Math.floor(Date.now() / 1000);
      this.#members.set(machine, { ...delivery, running, failedUnits, previous, deployedAt });
      return { machine, outcome, policy };
    } catch (error) {
      if (signal.aborted) {
        const reason = "stopped before the host was touched";
        return { machine, outcome: { kind: "interrupted", machine, reason, facts: noFacts }, policy };
      }
      if (error instanceof FleetError) return { machine, error };
      throw error;
    }
  }

  async #gate(wave: Wave, ends: ReadonlyMap<string, End>): Promise<GateAnswer> {
    const { report, signal, sudoPassword } = this.#work;
    if (!wave.gated || signal.aborted) return { open: true };
    const { name, onFailure, pauseSeconds } = wave;
    const done = wave.machines.filter((machine) => ends.get(machine)?.kind === "done");
    const members = done.flatMap((machine) => this.#members.get(machine) ?? []);
    const ended = { name, onFailure, pauseSeconds, members, failed: failedIn(ends) };
    try {
      await passGate({ ...ended, healthGates: this.#rollout.healthGatesOf(wave) }, report, signal, sudoPassword);
      return { open: true };
    } catch (error) {
      if (signal.aborted) return { open: false, reason: "interrupted" };
      if (!(error instanceof WaveClosedError)) throw error;
      this.#terminal.tell(`\n${error.message}`);
      for (const machine of error.takenBack) this.#takenBack.add(machine);
      return { open: false, reason: `wave ${name} is closed` };
    }
  }
}

function takenBack(result: Result): Result {
  if (!("outcome" in result)) return result;
  return { ...result, outcome: { ...result.outcome, kind: "rolled-back", reason: "taken back with its wave" } };
}

/** Why nobody answered; undefined: somebody did. */
function absence(result: Result): string | undefined {
  const isAbsent = "outcome" in result && result.outcome.kind === "unreachable";
  return isAbsent ? (result.outcome.reason ?? "unreachable") : undefined;
}

function endOf(result: Result): End {
  if (!("outcome" in result)) return { kind: "failed", down: false };
  const { outcome, policy } = result;
  const isDone = isAsAsked(outcome, policy) || outcome.kind === "staged-for-reboot";
  return isDone ? { kind: "done" } : { kind: "failed", down: outcome.facts.current === null };
}
