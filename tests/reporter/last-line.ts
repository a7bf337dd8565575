export interface RunCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failed beside all the others, and passed when their files ran alone. */
  readonly unsteady?: number;
}

/** `12 passed, 0 failed`, and `, 3 skipped`, `, 1 unsteady` when some were. */
export function lastLine({ passed, failed, skipped, unsteady = 0 }: RunCounts): string {
  const rest = [...(skipped > 0 ? [`${skipped} skipped`] : []), ...(unsteady > 0 ? [`${unsteady} unsteady`] : [])];
  return [`${passed} passed`, `${failed} failed`, ...rest].join(", ");
}
