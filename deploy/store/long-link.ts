import { randomBytes } from "node:crypto";
import type { SshHost } from "../ssh/ssh-host.ts";
import { deliveryRate, slowStartMs, type Taken } from "./delivery-rate.ts";
import { mostBreakEvenRate } from "./delta/worth-delta.ts";
import { type LinkSpeed, slowByLength } from "./link-speed.ts";

/** Of which the host says that it has it. */
const pieceBytes = 128 * 1024;
const mostPieces = 32;
/** Under way at first; later as much as the host has said to have: that fills a window which doubles with every round trip. */
const firstBytes = 2 * pieceBytes;
/** The host's shell and its processes. */
const graceMs = 50;

/** The rate above which nobody asks how fast a way is. What is not missing at all needs none. */
export class SoughtRate {
  #bytesPerSecond = mostBreakEvenRate;
  readonly #changed = new AbortController();

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Aborts when the rate is known for which it matters. */
  get known(): AbortSignal {
    return this.#changed.signal;
  }

  /** @param bytesPerSecond - 0: nothing depends on it. */
  set(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#changed.abort();
  }
}

/**
 * How much a long way carries, in as much time as TCP needs to show that it is as much as is sought: 0.4 s and up to 2 MB at
 * 50 ms, less on a narrow way. What it costs is not lost: the connection's window is open then.
 * @param roundTripMs - of a way of which `slowByLength` says that it is long.
 * @param deadlineMs - after it the way counts as what its length says.
 * @returns what its length alone says, where nothing depends on it or the way is too long to see. @throws {ConnectionLostError}
 */
export async function measureLongLink(
  host: SshHost,
  roundTripMs: number,
  sought: SoughtRate,
  signal: AbortSignal,
  deadlineMs = 30_000,
): Promise<LinkSpeed | undefined> {
  const byLength = slowByLength(roundTripMs);
  const isVisible = (mostBreakEvenRate * roundTripMs) / 1000 < (mostPieces * pieceBytes) / 2;
  if (!isVisible || byLength === undefined || sought.bytesPerSecond === 0) return byLength;
  const late = AbortSignal.timeout(deadlineMs);
  const scope = AbortSignal.any([signal, host.dead, late]);
  const measuring = measure(host, roundTripMs, sought, scope).catch((error: unknown) => {
    // A busy host that starts no shell in time is no reason against the push.
    if (late.aborted && !signal.aborted && !host.dead.aborted) return byLength;
    throw error;
  });
  measuring.catch(() => undefined); // where nothing depends on it, nobody waits for it
  const needless = new Promise<LinkSpeed>((resolve) =>
    sought.known.addEventListener("abort", () => sought.bytesPerSecond === 0 && resolve(byLength), { once: true }),
  );
  return Promise.race([measuring, needless]);
}

async function measure(host: SshHost, roundTripMs: number, sought: SoughtRate, scope: AbortSignal): Promise<LinkSpeed> {
  const script = `for piece in ${"x ".repeat(mostPieces)}; do head -c ${pieceBytes} >/dev/null || exit; echo; done`;
  const { channel, ended } = await host.start(["/bin/sh", "-c", script], "none", scope);
  channel.stderr.resume();
  const beganMs = performance.now();
  const budgetMs = slowStartMs(mostBreakEvenRate, roundTripMs) + graceMs;
  const taken: Taken[] = [{ atMs: beganMs, bytes: 0 }];
  const last = (): Taken => taken.at(-1) ?? { atMs: beganMs, bytes: 0 };
  const rate = (): number => deliveryRate(taken, roundTripMs);
  const { promise: over, resolve: stop } = Promise.withResolvers<void>();
  let written = 0;
  const write = (): void => {
    while (written < mostPieces * pieceBytes && written < 2 * last().bytes + firstBytes) {
      channel.write(randomBytes(pieceBytes)); // nothing on the way can make it smaller
      written += pieceBytes;
    }
  };
  channel.on("data", (answers: Buffer) => {
    taken.push({ atMs: performance.now(), bytes: last().bytes + answers.length * pieceBytes });
    if (last().bytes >= mostPieces * pieceBytes || rate() >= sought.bytesPerSecond) stop();
    else write();
  });
  const late = setTimeout(stop, budgetMs);
  const known = (): void => (rate() >= sought.bytesPerSecond ? stop() : undefined);
  sought.known.addEventListener("abort", known);
  scope.addEventListener("abort", () => stop());
  try {
    write();
    await Promise.race([over, ended]);
    scope.throwIfAborted();
    const seen = Math.max(rate(), (last().bytes / (performance.now() - beganMs)) * 1000);
    // More than is sought was not looked for; a long way counts as no fast one, whatever it carries.
    return { bytesPerSecond: Math.min(Math.max(seen, 1), mostBreakEvenRate), roundTripMs };
  } finally {
    clearTimeout(late);
    sought.known.removeEventListener("abort", known);
    channel.removeAllListeners("data").resume();
    channel.end();
    if (scope.aborted && !host.dead.aborted) channel.close();
  }
}
