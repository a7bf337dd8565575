/** `12 passed, 0 failed`, and `, 3 skipped` when some were. */
export function lastLine({ passed, failed, skipped }: { passed: number; failed: number; skipped: number }): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
