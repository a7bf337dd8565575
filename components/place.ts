import type * as pulumi from "@pulumi/pulumi";
import type { RolloutPlan } from "../clan/rollout/plan-rollout.ts";
import type { End, GateAnswer } from "../clan/rollout/run-rollout.ts";
import type { GateMember } from "../providers/wave-gate-schema.ts";

/** Why a machine is not deployed to in this run. */
export interface NotYet {
  readonly kind: "held" | "refused";
  readonly reason: string;
}

/** One machine's place in a rollout. */
export interface Place {
  readonly unreachable: RolloutPlan["unreachable"];
  /** A failure takes the machines of the wave back that had none. */
  readonly takesBack: boolean;
  /** Resolves when the machine may begin, or will not in this run; null: it may. */
  readonly turn: Promise<NotYet | null>;
  /**
   * To be called once when a machine that may begin has ended.
   * @param member - of a machine that is done: what the wave's gate looks at.
   */
  ended(end: End, member?: pulumi.Output<GateMember>): void;
  /** When the gate behind the machine's wave has answered. */
  readonly gate: Promise<GateAnswer>;
  /** When all waves have ended. */
  readonly finished: Promise<GateAnswer>;
}
