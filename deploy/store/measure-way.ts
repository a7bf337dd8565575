import { ConnectionLostError } from "../errors.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { type LinkSpeed, measureLinkSpeed, slowByLength } from "./link-speed.ts";
import { measureLongLink, type SoughtRate } from "./long-link.ts";

/** What depends on how fast the way is. */
export interface WayQuestion {
  /** Without zstd whether gzip is worth it, the only tool of some hosts, depends on the rate. */
  readonly hasZstd: boolean;
  /** Undefined: no differences can go, or they do whatever the way is; then a long way's length is enough to know. */
  readonly sought: SoughtRate | undefined;
}

/** @returns undefined where the host takes no channel for it. @throws {ConnectionLostError} */
export async function measureWay(
  host: SshHost,
  { hasZstd, sought }: WayQuestion,
  signal: AbortSignal,
): Promise<LinkSpeed | undefined> {
  const slow = hasZstd ? slowByLength(host.roundTripMs) : undefined;
  try {
    if (slow === undefined) return await measureLinkSpeed(host, signal);
    return sought === undefined ? slow : await measureLongLink(host, slow.roundTripMs, sought, signal);
  } catch (error) {
    if (error instanceof ConnectionLostError && !host.dead.aborted) return undefined;
    throw error;
  }
}
