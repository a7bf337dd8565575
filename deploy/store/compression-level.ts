/**
 * Levels of zstd that are worth their time: each makes less of it for up to 1.7 times the CPU. Measured (one core of a Xeon,
 * Node 24; libraries and programs of a Linux system, and the sets of bench/): level 1 makes 0.37 and 0.45 of it at 390 and
 * 570 MB/s, 2 0.35 and 0.32 at 360 and 620, 3 0.33 and 0.31 at 230 and 330, 5 0.32 and 0.29 at 140 and 190.
 */
export const zstdLevels = [2, 3, 5] as const;
export type ZstdLevel = (typeof zstdLevels)[number];

/** So far apart that no level is left for what it brings about itself. */
const mostlyWaiting = 0.6;
const hardlyWaiting = 0.2;

/**
 * The level to go on with: a higher one where the compressor mostly waits for the way, a lower one where it hardly does.
 * @param waitingShare - of the time since the last decision, 0 to 1.
 */
export function nextZstdLevel(level: ZstdLevel, lowest: ZstdLevel, waitingShare: number): ZstdLevel {
  const index = zstdLevels.indexOf(level);
  if (waitingShare > mostlyWaiting) return zstdLevels[index + 1] ?? level;
  return waitingShare < hardlyWaiting && level > lowest ? (zstdLevels[index - 1] ?? level) : level;
}
