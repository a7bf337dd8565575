import type { HealthGate } from "./health-gate.ts";

/** One look at a gate. All times in seconds since the gate's beginning. */
export interface Observation {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly healthy: boolean;
  /** What was seen, in one line. */
  readonly detail: string;
  /** Another mark than before: it was broken in between (a unit was restarted), however healthy both looks were. */
  readonly mark?: string;
  /** No later look can be better: a tool is missing, a name is none. */
  readonly final?: boolean;
}

export type HealthStep =
  | { readonly kind: "look" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "passed"; readonly healthySince: number }
  | { readonly kind: "failed"; readonly reason: string };

/** Decides what to do about a gate now; touches nothing. `passed` and `failed` stay so for all later times. */
export function planHealth(
  observations: readonly Observation[],
  gate: Pick<HealthGate, "deadlineSeconds" | "intervalSeconds" | "stableForSeconds">,
  now: number,
): HealthStep {
  const last = observations.at(-1);
  if (last === undefined) {
    return now < gate.deadlineSeconds ? { kind: "look" } : { kind: "failed", reason: "never looked at in time" };
  }
  const since = healthySince(observations);
  if (since !== undefined && last.endedAt <= gate.deadlineSeconds && last.startedAt - since >= gate.stableForSeconds) {
    return { kind: "passed", healthySince: since };
  }
  if (last.final === true && !last.healthy) return { kind: "failed", reason: last.detail };
  // The look that ends the stable time comes when it ends, not an interval later.
  const stableAt = since === undefined ? Number.POSITIVE_INFINITY : since + gate.stableForSeconds;
  const next = Math.min(last.endedAt + gate.intervalSeconds, Math.max(stableAt, last.endedAt));
  if (next >= gate.deadlineSeconds || now >= gate.deadlineSeconds) {
    return { kind: "failed", reason: lateReason(last, since, gate.deadlineSeconds) };
  }
  return now < next ? { kind: "wait", until: next } : { kind: "look" };
}

/** Beginning of the healthy looks that last until now. */
function healthySince(observations: readonly Observation[]): number | undefined {
  const last = observations.at(-1);
  if (last?.healthy !== true) return undefined;
  const broken = observations.findLastIndex(({ healthy, mark }) => !healthy || mark !== last.mark);
  return observations[broken + 1]?.startedAt;
}

function lateReason(last: Observation, since: number | undefined, deadlineSeconds: number): string {
  if (since === undefined) return `not healthy within ${deadlineSeconds} s: ${last.detail}`;
  const seconds = Math.round((last.endedAt - since) * 10) / 10;
  return `healthy for ${seconds} s only within ${deadlineSeconds} s: ${last.detail}`;
}
