import { Random } from "./random.ts";
import { type Step, steps } from "./steps.ts";

/** `pulumi`: the real CLI. `engine`: the same engine in a process of its own, since only there a SecretSource can be given. */
export const ways = ["pulumi", "engine"] as const;
export type Way = (typeof ways)[number];

/** What is broken. */
export const faultKinds = ["operator", "connection", "sshd", "host"] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Fault =
  /** The operator's whole process tree ends at once. */
  | { readonly kind: "operator" }
  /** `reset`: sshd's sessions are killed; `silence`: for so long no packet passes in either direction. */
  | { readonly kind: "connection"; readonly how: "reset" }
  | { readonly kind: "connection"; readonly how: "silence"; readonly seconds: number }
  /** sshd and all its sessions are killed, and it stays away. */
  | { readonly kind: "sshd"; readonly seconds: number }
  /** Power loss; it is switched on again afterwards. */
  | { readonly kind: "host"; readonly seconds: number };

/** When it is broken: as a step begins, or some time after the lock was taken, wherever the deployment stands then. */
export type Moment =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "random"; readonly afterMs: number };

export interface Run {
  /** From 1. */
  readonly number: number;
  readonly machine: string;
  readonly way: Way;
  readonly fault: Fault;
  readonly at: Moment;
  /** The new system passes no health gate until the fault is over: the deployment goes back. */
  readonly unhealthy: boolean;
}

/** Runs that share one `up`, one for each machine. */
export interface Batch {
  /** From 0. */
  readonly index: number;
  readonly way: Way;
  readonly runs: readonly Run[];
}

/** The longest that a deployment of the simulated fleet takes from its lock to its end. */
const randomWithinMs = 5_000;

/** Of four batches one kills the operator: his fault meets every machine of the batch. */
const cycle: readonly { readonly way: Way; readonly operator: boolean }[] = [
  { way: "pulumi", operator: false },
  { way: "engine", operator: false },
  { way: "pulumi", operator: true },
  { way: "engine", operator: false },
  { way: "pulumi", operator: false },
  { way: "engine", operator: true },
  { way: "pulumi", operator: true },
  { way: "engine", operator: false },
];

/**
 * Which faults a seed means. A plan of more runs begins with the plan of fewer.
 * @param machines - one run of each in every batch.
 */
export function planRuns(seed: number, count: number, machines: readonly string[]): readonly Batch[] {
  const random = new Random(seed);
  const decks = { pulumi: new Deck(random, "pulumi"), engine: new Deck(random, "engine") };
  const moments = { pulumi: new Moments(random, "pulumi"), engine: new Moments(random, "engine") };
  const batches: Batch[] = [];
  for (let index = 0; index * machines.length < count; index++) {
    const { way, operator } = cycle[index % cycle.length] ?? { way: "pulumi", operator: false };
    const shared = { fault: { kind: "operator" }, at: moments[way].next() } as const;
    const runs = machines.map((machine, place): Run => {
      const { fault, at } = operator ? shared : decks[way].next();
      const unhealthy = isWayBack(at) || random.between(1, 6) === 1;
      return { number: index * machines.length + place + 1, machine, way, fault, at, unhealthy };
    });
    batches.push({ index, way, runs: runs.filter(({ number }) => number <= count) });
  }
  return batches;
}

function isWayBack(at: Moment): boolean {
  return at.kind === "step" && (at.step === "rollback" || at.step === "rolled-back");
}

/** Steps that a deployment of this way takes: Pulumi's has no source of secrets. */
export function stepsOf(way: Way): readonly Step[] {
  return way === "engine" ? steps : steps.filter((step) => step !== "secrets");
}

/** Moments in a random order, each as often as any other. */
class Moments {
  readonly #random: Random;
  readonly #way: Way;
  #left: Moment[] = [];

  constructor(random: Random, way: Way) {
    this.#random = random;
    this.#way = way;
  }

  next(): Moment {
    if (this.#left.length === 0) this.#left = this.#random.shuffled(allMoments(this.#random, this.#way));
    return this.#left.pop() ?? { kind: "random", afterMs: 0 };
  }
}

function allMoments(random: Random, way: Way): Moment[] {
  const atSteps = stepsOf(way).map((step): Moment => ({ kind: "step", step }));
  const atRandom = [1, 2, 3].map((): Moment => ({ kind: "random", afterMs: random.between(0, randomWithinMs) }));
  return [...atSteps, ...atRandom];
}

/** Every fault of one host at every moment, in a random order. */
class Deck {
  readonly #random: Random;
  readonly #way: Way;
  #left: { readonly fault: Fault; readonly at: Moment }[] = [];

  constructor(random: Random, way: Way) {
    this.#random = random;
    this.#way = way;
  }

  next(): { readonly fault: Fault; readonly at: Moment } {
    if (this.#left.length === 0) {
      const kinds = ["connection", "sshd", "host"] as const;
      const cells = kinds.flatMap((kind) => allMoments(this.#random, this.#way).map((at) => ({ kind, at })));
      this.#left = this.#random.shuffled(cells).map(({ kind, at }) => ({ fault: this.#fault(kind), at }));
    }
    return this.#left.pop() ?? { fault: { kind: "connection", how: "reset" }, at: { kind: "random", afterMs: 0 } };
  }

  #fault(kind: "connection" | "sshd" | "host"): Fault {
    const random = this.#random;
    // Longer than the supervisor waits for an acknowledgement, or gone in a moment.
    const seconds = random.pick([1, 3, 8]);
    if (kind === "sshd") return { kind, seconds };
    if (kind === "host") return { kind, seconds: random.pick([0, 2]) };
    return random.between(0, 1) === 0 ? { kind, how: "reset" } : { kind, how: "silence", seconds };
  }
}

/** `host, off for 2 s`. */
export function renderFault(fault: Fault): string {
  switch (fault.kind) {
    case "operator":
      return "operator killed";
    case "connection":
      return fault.how === "reset" ? "connection reset" : `connection silent for ${fault.seconds} s`;
    case "sshd":
      return `sshd killed, away for ${fault.seconds} s`;
    case "host":
      return `power loss, off for ${fault.seconds} s`;
  }
}

export function renderMoment(at: Moment): string {
  return at.kind === "step" ? `at ${at.step}` : `${at.afterMs} ms after the lock`;
}
