import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshHost } from "../ssh/ssh-host.ts";

const probeBytes = 256 * 1024;

/** Longer than it takes on any link that is fast enough to do without compression: the rest need not be waited for. */
const longestMs = 100;

/**
 * Bytes per second that the way to the host takes at the beginning of a push: short round trips and a wide link are fast,
 * either alone is not. At most 2.5 MiB/s is found for all that is slower. Costs 256 KiB; run it while something else is
 * waited for.
 * @throws {ConnectionLostError}
 */
export async function measureLinkSpeed(host: SshHost, signal: AbortSignal): Promise<number> {
  const scope = AbortSignal.any([signal, host.dead, AbortSignal.timeout(30_000)]);
  const script = `echo ready; head -c ${probeBytes} >/dev/null; echo done`;
  const { channel, ended } = await host.start(["/bin/sh", "-c", script], "none", scope);
  channel.stderr.resume();
  const heard = (): Promise<unknown> => Promise.race([once(channel, "data", { signal: scope }), ended]);
  try {
    await heard();
    const start = performance.now();
    // Random: nothing on the way can make it smaller. Not waited for: only the answer says that it has arrived.
    channel.end(randomBytes(probeBytes));
    await Promise.race([heard(), sleep(longestMs, undefined, { signal: scope })]);
    return probeBytes / ((performance.now() - start) / 1000);
  } catch (error) {
    scope.throwIfAborted(); // the reason itself, not an AbortError
    throw error;
  } finally {
    channel.resume();
    if (scope.aborted && !host.dead.aborted) channel.close();
  }
}

// zstd -1 gives 160 MB/s and more through one core of either side; loopback and gigabit LANs measure above, any long or narrow way below.
const fastLink = 40 * 2 ** 20;
const notWorthIt = 512 * 1024;

/** Compression pays where the link is slower than the compressor, and there is enough to send. */
export function wantsCompression(bytesPerSecond: number, bytes: number): boolean {
  return bytes >= notWorthIt && bytesPerSecond < fastLink;
}
