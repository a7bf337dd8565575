import { type RolloutPlan, refusalOf, type Wave } from "./plan-rollout.ts";

/** What becomes of a machine when its turn comes. */
export type Turn = { readonly kind: "go" } | { readonly kind: "held"; readonly reason: string };

/** How a machine's turn ended. */
export type End =
  | { readonly kind: "done" }
  /** @param down - its host does not answer any more: it counts as unavailable until the wave's end. */
  | { readonly kind: "failed"; readonly down: boolean }
  /** Nothing was done to it, and that is no failure. */
  | { readonly kind: "left" };

/** Whether the next wave may begin. */
export type GateAnswer = { readonly open: true } | { readonly open: false; readonly reason: string };

/** Looks at a wave when all of its machines have ended. */
export type Gate = (wave: Wave, ends: ReadonlyMap<string, End>) => Promise<GateAnswer>;

const go: Turn = { kind: "go" };

/**
 * One run of a rollout: who may begin when. Knows neither hosts nor Pulumi; what is begun and how it ended is told to it.
 * A machine that has begun is never called back: what fails keeps others from beginning, nothing else.
 */
export class RolloutRun {
  readonly #plan: RolloutPlan;
  readonly #gate: Gate;
  readonly #waves: readonly RunningWave[];
  readonly #finished = Promise.withResolvers<GateAnswer>();

  constructor(plan: RolloutPlan, gate: Gate = async () => ({ open: true })) {
    this.#plan = plan;
    this.#gate = gate;
    this.#waves = plan.waves.map((wave) => new RunningWave(wave));
    void this.#run();
  }

  /** Resolves when the machine may begin, or when it is known that it will not in this run. To be asked once a machine. */
  async turn(machine: string): Promise<Turn> {
    const refused = refusalOf(this.#plan, machine);
    const turn = await this.#waveOf(machine).turn(machine);
    if (refused === undefined || turn.kind === "held") return turn;
    this.ended(machine, { kind: "left" });
    return { kind: "held", reason: refused };
  }

  /** To be told once for each machine that went. A machine that was held has ended by that. */
  ended(machine: string, end: End): void {
    this.#waveOf(machine).ended(machine, end);
  }

  /** When the last wave's gate has answered; closed: some of the machines were held. */
  get finished(): Promise<GateAnswer> {
    return this.#finished.promise;
  }

  /** When the gate of the machine's wave has answered. */
  gateOf(machine: string): Promise<GateAnswer> {
    return this.#waveOf(machine).answered.promise;
  }

  #waveOf(machine: string): RunningWave {
    const wave = this.#waves.find(({ wave: { machines } }) => machines.includes(machine));
    if (wave === undefined) throw new TypeError(`${machine} is in no wave`);
    return wave;
  }

  async #run(): Promise<void> {
    let answer: GateAnswer = { open: true };
    try {
      for (const wave of this.#waves) {
        const ends = await (answer.open ? wave.open() : wave.hold(answer.reason));
        if (answer.open) answer = await this.#ask(wave.wave, ends);
        wave.answered.resolve(answer);
      }
      this.#finished.resolve(answer);
    } catch (error) {
      // The gate's own failure. Nobody may wait for ever: who asks is told by a rejection.
      for (const wave of this.#waves) wave.fail(error);
      this.#finished.reject(error);
    }
  }

  async #ask(wave: Wave, ends: ReadonlyMap<string, End>): Promise<GateAnswer> {
    const answer = await this.#gate(wave, ends);
    const failed = failedIn(ends);
    if (!answer.open || failed.length === 0 || wave.onFailure === "continue") return answer;
    return { open: false, reason: failureReason(wave, failed) };
  }
}

/** `wave canaries: galena failed`. */
export function failureReason({ name }: Pick<Wave, "name">, failed: readonly string[]): string {
  return `wave ${name}: ${failed.join(", ")} failed`;
}

/** Machines of a wave that failed. */
export function failedIn(ends: ReadonlyMap<string, End>): string[] {
  return [...ends].flatMap(([machine, { kind }]) => (kind === "failed" ? [machine] : []));
}

class RunningWave {
  readonly wave: Wave;
  readonly answered = Promise.withResolvers<GateAnswer>();
  readonly #ends = new Map<string, End>();
  readonly #underWay = new Set<string>();
  readonly #turns = new Map<string, PromiseWithResolvers<Turn>>();
  readonly #all = Promise.withResolvers<ReadonlyMap<string, End>>();
  #state: "closed" | "open" | "over" = "closed";

  constructor(wave: Wave) {
    this.wave = wave;
    for (const machine of wave.machines) this.#turns.set(machine, Promise.withResolvers());
    // Nobody need ask for each of them.
    for (const { promise } of [...this.#turns.values(), this.answered, this.#all]) promise.catch(() => undefined);
  }

  turn(machine: string): Promise<Turn> {
    const turn = this.#turns.get(machine);
    if (turn === undefined) throw new TypeError(`${machine} is in no wave`);
    return turn.promise;
  }

  open(): Promise<ReadonlyMap<string, End>> {
    this.#state = "open";
    this.#advance();
    return this.#all.promise;
  }

  hold(reason: string): Promise<ReadonlyMap<string, End>> {
    this.#state = "over";
    for (const machine of this.#notBegun()) this.#hold(machine, reason);
    this.#advance();
    return this.#all.promise;
  }

  ended(machine: string, end: End): void {
    if (!this.#underWay.delete(machine)) throw new TypeError(`${machine} has not begun`);
    this.#ends.set(machine, end);
    this.#advance();
  }

  fail(error: unknown): void {
    for (const turn of this.#turns.values()) turn.reject(error);
    this.answered.reject(error);
  }

  #advance(): void {
    if (this.#state === "open") this.#begin();
    if (this.#ends.size === this.wave.machines.length) this.#all.resolve(this.#ends);
  }

  #begin(): void {
    const failed = failedIn(this.#ends);
    const reason =
      failed.length > 0 && this.wave.onFailure !== "continue" ? failureReason(this.wave, failed) : this.#withoutRoom();
    for (const machine of this.#notBegun()) {
      if (reason !== undefined) this.#hold(machine, reason);
      else if (this.#hasRoom()) {
        this.#underWay.add(machine);
        this.#turns.get(machine)?.resolve(go);
      }
    }
  }

  /** Nobody under way will make room, and those that are down take all of it. */
  #withoutRoom(): string | undefined {
    if (this.#underWay.size > 0 || this.#hasRoom()) return undefined;
    return `wave ${this.wave.name}: ${this.#down().join(", ")} did not come back, and maxUnavailable is ${this.wave.maxUnavailable}`;
  }

  #hasRoom(): boolean {
    const { maxUnavailable } = this.wave;
    return maxUnavailable === null || this.#underWay.size + this.#down().length < maxUnavailable;
  }

  #down(): string[] {
    return [...this.#ends].flatMap(([machine, end]) => (end.kind === "failed" && end.down ? [machine] : []));
  }

  #notBegun(): string[] {
    return this.wave.machines.filter((machine) => !this.#ends.has(machine) && !this.#underWay.has(machine));
  }

  #hold(machine: string, reason: string): void {
    this.#ends.set(machine, { kind: "left" });
    this.#turns.get(machine)?.resolve({ kind: "held", reason });
  }
}
