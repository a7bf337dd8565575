/** When the host had taken so many bytes, by its answer. */
export interface Taken {
  readonly atMs: number;
  /** Since the beginning. */
  readonly bytes: number;
}

/** What a busy host, or this machine, found waiting for it looks as if it had come at once: short times show too much. */
const shortestMs = 100;

/**
 * The most that arrived within any time of a round trip or more, and of 0.1 s, in bytes per second: never more than the way can
 * carry, and what it can carry once TCP's window is as wide as the way.
 * @param taken - in their order; the first one is the beginning.
 */
export function deliveryRate(taken: readonly Taken[], roundTripMs: number): number {
  const least = Math.max(roundTripMs, shortestMs);
  let most = 0;
  let from = 0;
  for (const [index, { atMs, bytes }] of taken.entries()) {
    while (from + 1 < index && atMs - (taken[from + 1]?.atMs ?? atMs) >= least) from += 1;
    const begin = taken[from];
    if (begin === undefined || atMs - begin.atMs < least) continue;
    most = Math.max(most, ((bytes - begin.bytes) / (atMs - begin.atMs)) * 1000);
  }
  return most;
}

/** Linux begins with ten segments. Source: Linux 6, Documentation/networking/ip-sysctl.rst. */
const firstWindowBytes = 10 * 1448;

/** How long TCP takes until a round trip carries so much, where nothing else is in the way, and two round trips more. */
export function slowStartMs(bytesPerSecond: number, roundTripMs: number): number {
  const windows = Math.log2(Math.max(1, (bytesPerSecond * roundTripMs) / 1000 / firstWindowBytes));
  return (Math.ceil(windows) + 2) * roundTripMs;
}
