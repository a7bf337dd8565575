import type * as pulumi from "@pulumi/pulumi";
import { type RolloutPlan, refusalOf, type Wave } from "../clan/rollout/plan-rollout.ts";
import { type End, failedIn, type GateAnswer, RolloutRun } from "../clan/rollout/run-rollout.ts";
import type { GateMember } from "../providers/wave-gate-schema.ts";
import type { Place } from "./place.ts";

/** What the gate behind a wave is given when the wave has ended. */
export interface WaveEnd {
  /** Machines that are done, as outputs of their resources. */
  readonly members: readonly pulumi.Output<GateMember>[];
  readonly failed: readonly string[];
}

/** Looks at a wave that has ended; the machines that failed say so themselves. */
export type AskGate = (wave: Wave, end: WaveEnd) => Promise<GateAnswer>;

/** Whose turn it is in one run of a program. */
export class RolloutTurns {
  readonly run: RolloutRun;
  readonly #plan: RolloutPlan;
  readonly #ask: AskGate;
  readonly #members = new Map<string, pulumi.Output<GateMember>>();

  /** @param ask - default: a wave is over when its machines have ended. */
  constructor(plan: RolloutPlan, ask: AskGate = async () => ({ open: true })) {
    this.#plan = plan;
    this.#ask = ask;
    this.run = new RolloutRun(plan, (wave, ends) => this.#gate(wave, ends));
  }

  /** Undefined: the machine has no turn, since its node is off. */
  placeOf(machine: string): Place | undefined {
    const wave = this.#plan.waves.find(({ machines }) => machines.includes(machine));
    if (wave === undefined) return undefined;
    const kind = refusalOf(this.#plan, machine) === undefined ? "held" : "refused";
    return {
      unreachable: this.#plan.unreachable,
      takesBack: wave.gated && wave.onFailure === "rollback-wave",
      turn: this.run.turn(machine).then((turn) => (turn.kind === "go" ? null : { kind, reason: turn.reason })),
      ended: (end, member) => {
        if (member !== undefined) this.#members.set(machine, member);
        this.run.ended(machine, end);
      },
      gate: this.run.gateOf(machine),
      finished: this.run.finished,
    };
  }

  #gate(wave: Wave, ends: ReadonlyMap<string, End>): Promise<GateAnswer> {
    const members = wave.machines.flatMap((machine) => this.#members.get(machine) ?? []);
    return this.#ask(wave, { members, failed: failedIn(ends) });
  }
}
