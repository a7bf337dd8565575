import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshHost } from "../ssh/ssh-host.ts";
import { untilAborted } from "./until-aborted.ts";

/** The way to a host at the beginning of a push. */
export interface LinkSpeed {
  /** At most 2.5 MiB/s is found for all that is slower. */
  readonly bytesPerSecond: number;
  /** The best of two: one has half the time in which the host starts a shell, the other what else is under way. */
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
  const script = `echo ready; read -r line; echo here; ${`head -c ${probeBytes} >/dev/null; echo done; `.repeat(probes)}`;
  const asked = performance.now();
  const { channel, ended } = await host.start(["/bin/sh", "-c", script], "none", scope);
  channel.stderr.resume();
  const answers = new Answers(channel);
  const answer = (): Promise<unknown> => Promise.race([answers.next(scope), ended]);
  try {
    await answer();
    // A channel is opened and a command started: two answers.
    let roundTripMs = (performance.now() - asked) / 2;
    channel.write("\n"); // `read` takes no byte after the line's end
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < probes; probe++) {
      const start = performance.now();
      // Random: nothing on the way can make it smaller. Not waited for: only the answer says that it has arrived.
      channel.write(randomBytes(probeBytes));
      const tooLong = sleep(longestMs, undefined, { signal: scope });
      if (probe === 0) {
        await Promise.race([answer(), tooLong]);
        roundTripMs = Math.min(roundTripMs, performance.now() - start);
      }
      await Promise.race([answer(), tooLong]);
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

/** zstd -3 makes 270 MB/s with one core; loopback and gigabit LANs measure above, any long or narrow way below. */
export function isFast(bytesPerSecond: number): boolean {
  return bytesPerSecond >= 30 * 2 ** 20;
}

/** Lines that a command prints, one after the other: several may come at once. */
class Answers {
  #lines = 0;
  #taken = 0;
  #arrived = Promise.withResolvers<void>();

  constructor(stream: Readable) {
    stream.on("data", (chunk: Uint8Array) => {
      this.#lines += chunk.filter((byte) => byte === 0x0a).length;
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
  }

  /** @throws the scope's reason */
  async next(scope: AbortSignal): Promise<void> {
    while (this.#lines === this.#taken) await untilAborted(this.#arrived.promise, scope);
    this.#taken += 1;
  }
}
