import type { Report } from "../report.ts";
import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
  SudoError,
} from "./errors.ts";
import { type HostFacts, type MachineClass, readFacts } from "./host-facts.ts";
import { connectOnce } from "./ssh/connect.ts";
import type { ConnectionPool } from "./ssh/connection-pool.ts";
import type { ConnectionSpec } from "./ssh/connection-spec.ts";

/** What a preview and a refresh learn of a host. Nothing on it is changed. */
export type Probe =
  | { readonly kind: "reachable"; readonly facts: HostFacts; readonly seconds: number }
  /** Off, elsewhere, or no way there: a value, since a preview shows the rest all the same. */
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "host-key"; readonly error: HostKeyMismatchError | HostKeyUnknownError }
  | { readonly kind: "authentication"; readonly error: AuthenticationError | SudoError };

/** For a host that is asked without being waited for. */
export const probeDeadlineSeconds = 5;

/**
 * One attempt within 5 s, and one round trip; over the run's connection where `connections` has one, which then stays open.
 * @throws only the signal's reason, and {RemoteOutputError} for a host that talks nonsense
 */
export async function probeHost(
  spec: ConnectionSpec,
  machineClass: MachineClass,
  signal: AbortSignal,
  report: Report = ignore,
  connections?: ConnectionPool,
): Promise<Probe> {
  const start = performance.now();
  const deadline = AbortSignal.timeout(probeDeadlineSeconds * 1000);
  try {
    const impatient = { ...spec, connectDeadlineSeconds: probeDeadlineSeconds };
    await using stack = new AsyncDisposableStack();
    const host =
      connections === undefined
        ? stack.use(await connectOnce(spec, probeDeadlineSeconds * 1000, signal, report))
        : await connections.acquire(impatient, report, AbortSignal.any([signal, deadline]));
    const facts = await readFacts(host, machineClass, AbortSignal.any([signal, deadline]));
    return { kind: "reachable", facts, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    signal.throwIfAborted();
    report({ level: "debug", subject: spec.machine, phase: "probe", message: String(error).split("\n", 1)[0] ?? "" });
    if (error instanceof HostKeyMismatchError || error instanceof HostKeyUnknownError)
      return { kind: "host-key", error };
    if (error instanceof AuthenticationError || error instanceof SudoError) return { kind: "authentication", error };
    if (error instanceof HostUnreachableError) return { kind: "unreachable", reason: error.reason };
    if (error instanceof ConnectionLostError)
      return { kind: "unreachable", reason: `the connection was lost: ${error.facts.found}` };
    if (deadline.aborted) return { kind: "unreachable", reason: `no answer within ${probeDeadlineSeconds} s` };
    throw error;
  }
}

function ignore(): void {
  // A probe has little to tell; who wants it passes a report.
}
