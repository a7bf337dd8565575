import type { LinkSpeed } from "../link-speed.ts";

/** Differences of less than this many bytes are not worth their processes. */
export const worthDelta = 4 * 2 ** 20;

// What zstd makes of a system's archives at the levels that pushes use.
const compressedShare = 0.32;
/** Both ends take archives apart and put them together, one after the other; zstd alone sends what it has at once. */
const deltaBytesPerSecond = 60e6;
// Processes on both ends, and what is asked of the host and waited for before the first difference can go.
const startSeconds = 0.2;
const answers = 8;

/**
 * The rate from which on so many bytes go in full as fast as differences of them do, in bytes per second: what they take away
 * is worth less time there than what they cost. It grows with the bytes up to 19 MB/s, and shrinks with the way's length.
 * @returns 0 for what is too little on any way.
 */
export function breakEvenRate(bytes: number, roundTripMs: number): number {
  if (bytes < worthDelta) return 0;
  return (compressedShare * bytes) / (bytes / deltaBytesPerSecond + startSeconds + (answers * roundTripMs) / 1000);
}

/** Beyond it no push has differences. */
export const mostBreakEvenRate = compressedShare * deltaBytesPerSecond;

/**
 * Whether differences are the faster way for so many bytes of archives.
 * @param link - absent: not known, and then they are not.
 */
export function isWorthDelta(bytes: number, link: LinkSpeed | undefined): boolean {
  return link !== undefined && link.bytesPerSecond < breakEvenRate(bytes, link.roundTripMs);
}
