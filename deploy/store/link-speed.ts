import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshHost } from "../ssh/ssh-host.ts";

/** The way to a host at the beginning of a push. */
export interface LinkSpeed {
  /** Of 256 KiB, most of it on a connection that has sent little: a long way shows less than it can. */
  readonly bytesPerSecond: number;
  /** The connection's best, or where it knows none with half the time in which the host starts a shell. */
  readonly roundTripMs: number;
}

const probeBytes = 256 * 1024;
/** What else these machines do makes a way slower and never faster: the best of so many counts. */
const probes = 3;

/** Longer than it takes on any link that is fast enough to do without compression: the rest need not be waited for. */
const longestMs = 100;

const slowest: LinkSpeed = { bytesPerSecond: probeBytes / (longestMs / 1000), roundTripMs: 1_000 };

/**
 * Short round trips and a wide link are fast, either alone is not. Costs at most 768 KiB, and 256 KiB where the way is not
 * fast; run it while something else is waited for.
 * @param deadlineMs - after it the way counts as the slowest and longest.
 * @throws {ConnectionLostError}
 */
export async function measureLinkSpeed(host: SshHost, signal: AbortSignal, deadlineMs = 30_000): Promise<LinkSpeed> {
  const late = AbortSignal.timeout(deadlineMs);
  const scope = AbortSignal.any([signal, host.dead, late]);
  const script = `echo ready; for probe in ${"x ".repeat(probes)}; do head -c ${probeBytes} >/dev/null; echo done; done`;
  const asked = performance.now();
  const { channel, ended } = await host.start(["/bin/sh", "-c", script], "none", scope);
  channel.stderr.resume();
  const heard = (): Promise<unknown> => Promise.race([once(channel, "data", { signal: scope }), ended]);
  try {
    await heard();
    // A channel is opened and a command started: two answers. This one may have waited behind a question of many paths.
    const roundTripMs = Math.min((performance.now() - asked) / 2, host.roundTripMs ?? Number.POSITIVE_INFINITY);
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < probes; probe++) {
      const start = performance.now();
      // Random: nothing on the way can make it smaller. Not waited for: only the answer says that it has arrived.
      channel.write(randomBytes(probeBytes));
      await Promise.race([heard(), sleep(longestMs, undefined, { signal: scope })]);
      shortestMs = Math.min(shortestMs, performance.now() - start);
      if (shortestMs >= longestMs || isFast(probeBytes / (shortestMs / 1000))) break;
    }
    return { bytesPerSecond: probeBytes / (shortestMs / 1000), roundTripMs };
  } catch (error) {
    // A busy host that starts no shell in time is no reason against the push.
    if (late.aborted && !signal.aborted && !host.dead.aborted) return slowest;
    scope.throwIfAborted(); // the reason itself, not an AbortError
    throw error;
  } finally {
    channel.resume();
    channel.end();
    if (scope.aborted && !host.dead.aborted) channel.close();
  }
}

/** A probe takes a round trip at least: from 9 ms on none could be fast. The rest is for operators who are busy themselves. */
const surelyLongMs = 15;

/** What the length of a way alone says of it. @returns undefined where a probe has to tell. */
export function slowByLength(roundTripMs: number | undefined): LinkSpeed | undefined {
  if (roundTripMs === undefined || roundTripMs < surelyLongMs) return undefined;
  return { bytesPerSecond: probeBytes / (roundTripMs / 1000), roundTripMs };
}

/** zstd -3 makes 270 MB/s with one core; loopback and gigabit LANs measure above, any long or narrow way below. */
export function isFast(bytesPerSecond: number): boolean {
  return bytesPerSecond >= 30 * 2 ** 20;
}
