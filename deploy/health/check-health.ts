import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import type { RootShell } from "../root-shell.ts";
import { type HealthGate, renderGate } from "./health-gate.ts";
import type { Look } from "./judge-look.ts";
import { lookAt } from "./look.ts";
import { type HealthStep, type Observation, planHealth } from "./plan-health.ts";

/** How one gate ended. */
export interface GateResult {
  readonly gate: HealthGate;
  readonly passed: boolean;
  readonly looks: number;
  readonly seconds: number;
  /** What was seen last. */
  readonly detail: string;
  /** Why it did not pass. */
  readonly reason?: string;
}

export interface HealthResult {
  readonly passed: boolean;
  readonly gates: readonly GateResult[];
  /** Of all gates that failed, in one line. */
  readonly reason?: string;
}

/** Passed to the gates that are still open when another one failed. */
class OtherGateFailed extends Error {}

/**
 * Looks at all gates at once until each passed or failed. What cannot be looked at is not healthy; a lost connection alone
 * fails nothing before the deadline. The first gate that fails ends the others: the system will not be committed any more.
 * @throws the signal's reason, and nothing else
 */
export async function checkHealth(
  shell: RootShell,
  gates: readonly HealthGate[],
  report: Report,
  signal: AbortSignal,
): Promise<HealthResult> {
  const others = new AbortController();
  const scope = AbortSignal.any([signal, others.signal]);
  const results = await Promise.all(
    gates.map(async (gate) => {
      const result = await watchGate(shell, gate, report, scope);
      if (!result.passed) others.abort(new OtherGateFailed());
      return result;
    }),
  );
  signal.throwIfAborted();
  const failed = results.filter(({ passed, reason }) => !passed && reason !== cutShort);
  const reason = failed.map((result) => `${renderGate(result.gate)}: ${result.reason}`).join("; ");
  return { passed: results.every(({ passed }) => passed), gates: results, ...(reason === "" ? {} : { reason }) };
}

const cutShort = "not watched to its end: another gate failed";

async function watchGate(shell: RootShell, gate: HealthGate, report: Report, scope: AbortSignal): Promise<GateResult> {
  const begun = performance.now();
  const now = (): number => (performance.now() - begun) / 1000;
  const observations: Observation[] = [];
  for (;;) {
    const step = planHealth(observations, gate, now());
    if (step.kind === "passed" || step.kind === "failed") return finish(shell, gate, observations, step, now(), report);
    if (step.kind === "wait")
      await sleep(Math.max(1, (step.until - now()) * 1000), undefined, { signal: scope }).catch(() => undefined);
    if (scope.aborted) return finish(shell, gate, observations, { kind: "failed", reason: cutShort }, now(), report);
    if (step.kind === "wait") continue;
    const startedAt = now();
    const before = observations.at(-1);
    const look = await lookWithin(shell, gate, gate.deadlineSeconds - startedAt, before, scope);
    observations.push({ ...look, startedAt, endedAt: now() });
    if (before?.healthy !== look.healthy || before.detail !== look.detail) tell(shell, gate, look, report);
  }
}

async function lookWithin(
  shell: RootShell,
  gate: HealthGate,
  leftSeconds: number,
  before: Observation | undefined,
  scope: AbortSignal,
): Promise<Look> {
  const seconds = Math.min(gate.attemptSeconds, leftSeconds);
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(seconds * 1000)));
  try {
    return await lookAt(shell, gate, AbortSignal.any([scope, limit]));
  } catch (error) {
    // Every failure is an answer here: this gate did not hold at this time. The caller's signal is seen by the caller.
    // A last look that the deadline cuts short says less than the one before it.
    if (limit.aborted && seconds < gate.attemptSeconds && before?.healthy === false) return before;
    if (limit.aborted) return { healthy: false, detail: `no answer within ${Math.round(seconds * 10) / 10} s` };
    const words =
      error instanceof FleetError ? error.facts.summary : error instanceof Error ? error.message : String(error);
    return { healthy: false, detail: words.split("\n", 1)[0] ?? "" };
  }
}

function finish(
  shell: RootShell,
  gate: HealthGate,
  observations: readonly Observation[],
  step: Extract<HealthStep, { readonly kind: "passed" | "failed" }>,
  seconds: number,
  report: Report,
): GateResult {
  const passed = step.kind === "passed";
  const detail = observations.at(-1)?.detail ?? "never looked at";
  const message = `${renderGate(gate)}: ${passed ? `healthy (${detail})` : step.reason}`;
  report({ level: passed ? "info" : "warning", subject: shell.machine, phase: "health", message });
  const result = { gate, passed, looks: observations.length, seconds: Math.round(seconds * 100) / 100, detail };
  return passed ? result : { ...result, reason: step.reason };
}

function tell(shell: RootShell, gate: HealthGate, look: Look, report: Report): void {
  const message = `${renderGate(gate)}: ${look.detail}`;
  report({ level: "debug", subject: shell.machine, phase: "health", message });
}
