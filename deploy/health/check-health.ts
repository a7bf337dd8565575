import type { Report } from "../../report.ts";
import type { RootShell } from "../root-shell.ts";
import type { HealthGate } from "./health-gate.ts";

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
  /** Of all gates that did not pass, in one line. */
  readonly reason?: string;
}

/**
 * Looks at all gates at once until each passed or failed. What cannot be looked at is not healthy; only the caller's signal
 * ends it otherwise. The first failed gate ends the others: the system will not be committed any more.
 */
export type CheckHealth = (
  shell: RootShell,
  gates: readonly HealthGate[],
  report: Report,
  signal: AbortSignal,
) => Promise<HealthResult>;
