import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
  SudoError,
} from "../deploy/errors.ts";
import { type Observation, observeHost } from "../deploy/observation/observe-host.ts";
import { connectOnce } from "../deploy/ssh/connect.ts";
import type { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import type { FleetError } from "../errors.ts";
import type { Way } from "./delivery.ts";
import { resolveWay } from "./way-to-host.ts";

/** What a look at one machine gave. Unreachable is a state, not an error. */
export type Look =
  | { readonly kind: "seen"; readonly observation: Observation }
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Something answers there, but not to us, or not as the host that is known. */
  | { readonly kind: "host-key" | "authentication"; readonly reason: string; readonly error: FleetError };

/** One attempt; a host that answers slower is called unreachable. Touches nothing. */
export async function observeMachine(
  way: Way,
  machineClass: "nixos" | "darwin",
  deadlineSeconds: number,
  signal: AbortSignal,
  sudoPassword?: SecretText,
  shared?: ConnectionPool,
): Promise<Look> {
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  try {
    const connection = await resolveWay(way, sudoPassword);
    const scope = AbortSignal.any([signal, deadline]);
    await using stack = new AsyncDisposableStack();
    const host =
      shared === undefined
        ? stack.use(await connectOnce(connection, deadlineSeconds * 1000, signal))
        : await shared.acquire({ ...connection, connectDeadlineSeconds: deadlineSeconds }, () => undefined, scope);
    const observation = await observeHost(host, machineClass, scope);
    return { kind: "seen", observation };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HostUnreachableError) return { kind: "unreachable", reason: error.reason };
    if (error instanceof ConnectionLostError) return { kind: "unreachable", reason: error.facts.found };
    if (error instanceof HostKeyMismatchError || error instanceof HostKeyUnknownError)
      return { kind: "host-key", reason: error.facts.summary, error };
    if (error instanceof AuthenticationError || error instanceof SudoError)
      return { kind: "authentication", reason: error.facts.summary, error };
    if (deadline.aborted) return { kind: "unreachable", reason: `no answer within ${deadlineSeconds} s` };
    throw error;
  }
}
