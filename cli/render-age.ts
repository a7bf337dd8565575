const units = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
] as const;

/** Whole units, the largest of which there are two: `95 s`, `47 h`, `3 d`. A clock that runs ahead makes nothing older than now. */
export function renderAge(seconds: number): string {
  const unit = units.find(([size]) => seconds >= 2 * size);
  return unit === undefined ? `${Math.max(0, Math.floor(seconds))} s` : `${Math.floor(seconds / unit[0])} ${unit[1]}`;
}
