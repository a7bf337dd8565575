import type { Run } from "./plan-runs.ts";
import type { Step } from "./steps.ts";

/** What became of one run. */
export interface RunResult extends Run {
  /** How far the deployment was when it was hit; null: its lock was not seen. */
  readonly struckAt: Step | null;
  /** Outcome that the hit up gave for this machine: `rolled-back`, `killed`, `error: …`. */
  readonly interrupted: string;
  /** Outcome of the plain up after it. */
  readonly next: string;
  /** Its share of the batch. */
  readonly seconds: number;
  /** What must not be: seen at any time during the run, or in the end. Empty: it ended as declared. */
  readonly problems: readonly string[];
  /** Nobody gets in any more, or the next boot starts nothing. */
  readonly stranded: boolean;
  /** More to read on the problems. */
  readonly words: readonly string[];
}

/** `200 runs, 200 ended as declared, 0 stranded`. */
export function renderSum(results: readonly RunResult[]): string {
  const declared = results.filter(({ problems }) => problems.length === 0).length;
  const stranded = results.filter((result) => result.stranded).length;
  return `${results.length} runs, ${declared} ended as declared, ${stranded} stranded`;
}
