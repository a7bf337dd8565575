import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../../errors.ts";
import { HostUnreachableError } from "../errors.ts";
import { connectOnce } from "../ssh/connect.ts";
import { type ConnectionSpec, renderAddress } from "../ssh/connection-spec.ts";
import { InstallationFailedError } from "./errors.ts";
import { type InstallationFacts, readInstallationFacts } from "./installation-facts.ts";

/** What a machine must be before the wait ends. */
export interface Awaited {
  /** In words, e.g. `the installer`. */
  readonly what: string;
  readonly is: (facts: InstallationFacts) => boolean;
  readonly deadlineSeconds: number;
}

/** A single look: dial, ask, hang up. */
const lookSeconds = 20;
const pauseMs = 1_000;

/**
 * Looks again and again, each time over a new connection: one of before proves nothing about a machine that was started
 * anew. An answer with another key than the pinned one may be the system that is about to go down.
 * @throws {InstallationFailedError} at the deadline, with what answered last.
 */
export async function awaitSystem(
  spec: ConnectionSpec,
  devices: readonly string[],
  { what, is, deadlineSeconds }: Awaited,
  signal: AbortSignal,
): Promise<InstallationFacts> {
  const until = performance.now() + deadlineSeconds * 1000;
  for (;;) {
    const look = await lookOnce(spec, devices, signal);
    if (typeof look !== "string" && is(look)) return look;
    const found = typeof look === "string" ? look : `${look.name} (boot ${look.bootId})`;
    if (performance.now() + pauseMs >= until) {
      throw new InstallationFailedError({
        summary: `${spec.machine}: the machine did not come up as ${what}`,
        expected: `${what} within ${deadlineSeconds} s`,
        found,
        at: renderAddress(spec),
        fix: "look at its console; the next run goes on from where the machine stands",
      });
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** @returns why there are no facts, in one line. */
async function lookOnce(
  spec: ConnectionSpec,
  devices: readonly string[],
  signal: AbortSignal,
): Promise<InstallationFacts | string> {
  const scope = AbortSignal.any([signal, AbortSignal.timeout(lookSeconds * 1000)]);
  try {
    await using host = await connectOnce(spec, lookSeconds * 1000, scope);
    return await readInstallationFacts(host, devices, scope);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HostUnreachableError) return error.reason;
    if (error instanceof FleetError) return error.facts.summary.replace(`${spec.machine}: `, "");
    if (scope.aborted) return "no answer in time";
    throw error;
  }
}
