import type { FleetError } from "../../errors.ts";
import { Places } from "../../local-nix/places.ts";
import type { Report } from "../../report.ts";
import { traced } from "../../trace.ts";
import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
  SudoError,
} from "../errors.ts";
import { connectOnce } from "../ssh/connect.ts";
import type { ConnectionPool } from "../ssh/connection-pool.ts";
import type { ConnectionSpec } from "../ssh/connection-spec.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { BackEnd } from "../ssh/transport.ts";

/** How a host was reached. */
export interface WayTaken {
  /** Jump hosts, the nearest first. */
  readonly through: readonly string[];
  readonly backEnd: BackEnd;
}

/** What a look at a host gave. */
export type Look<T> =
  | { readonly kind: "seen"; readonly seen: T; readonly way: WayTaken }
  /** Off, elsewhere, or no way there: a value, since whoever looks at many hosts goes on with the others. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Something answers there, but not to us, or not as the host that is known. */
  | { readonly kind: "host-key" | "authentication"; readonly reason: string; readonly error: FleetError };

export interface LookOptions {
  /** For connection and answer together; who answers slower is called unreachable. */
  readonly deadlineSeconds: number;
  /** Connections of the run, which stay open. Default: one of its own. */
  readonly connections?: ConnectionPool | undefined;
  readonly report?: Report;
}

/**
 * Of a thousand hosts that are dialled at once, the last ones get no word within their few seconds: a handshake takes this
 * machine some 10 ms of CPU. So they are asked by turns, and a host's time begins with its turn.
 */
const turns = new Places(100);

/**
 * Connects once, asks, and turns every way in which a host is not there into a value. Nothing on it is changed.
 * @throws the signal's reason, and what `ask` throws for a host that talks nonsense ({RemoteOutputError})
 */
export function lookAt<T>(
  spec: ConnectionSpec,
  options: LookOptions,
  ask: (host: SshHost, scope: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Look<T>> {
  return traced(
    { kind: "phase", subject: spec.machine, what: "look" },
    () => look(spec, options, ask, signal),
    renderLook,
  );
}

function renderLook({ kind }: Look<unknown>): string {
  return kind;
}

async function look<T>(
  spec: ConnectionSpec,
  { deadlineSeconds, connections, report = ignore }: LookOptions,
  ask: (host: SshHost, scope: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Look<T>> {
  using _turn = await turns.take(signal);
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  const scope = AbortSignal.any([signal, deadline]);
  try {
    await using stack = new AsyncDisposableStack();
    const host =
      connections === undefined
        ? stack.use(await connectOnce(spec, deadlineSeconds * 1000, signal, report))
        : await connections.acquire({ ...spec, connectDeadlineSeconds: deadlineSeconds }, report, scope);
    const way = { through: spec.jumpHosts.map(({ name }) => name), backEnd: host.backEnd };
    return { kind: "seen", seen: await ask(host, scope), way };
  } catch (error) {
    signal.throwIfAborted();
    report({ level: "debug", subject: spec.machine, phase: "look", message: String(error).split("\n", 1)[0] ?? "" });
    const known = readFailure(error);
    if (known !== undefined) return known;
    if (deadline.aborted) return { kind: "unreachable", reason: `no answer within ${deadlineSeconds} s` };
    throw error;
  }
}

function readFailure(error: unknown): Exclude<Look<never>, { kind: "seen" }> | undefined {
  if (error instanceof HostUnreachableError) return { kind: "unreachable", reason: error.reason };
  if (error instanceof ConnectionLostError)
    return { kind: "unreachable", reason: `the connection was lost: ${error.facts.found}` };
  if (error instanceof HostKeyMismatchError || error instanceof HostKeyUnknownError)
    return { kind: "host-key", reason: error.facts.summary, error };
  if (error instanceof AuthenticationError || error instanceof SudoError)
    return { kind: "authentication", reason: error.facts.summary, error };
  return undefined;
}

/** What is unusual about a way: ` through edge, inner with OpenSSH`; "" for the plain one. */
export function renderWay({ through, backEnd }: WayTaken): string {
  const hops = through.length === 0 ? "" : ` through ${through.join(", ")}`;
  return `${hops}${backEnd === "openssh" ? " with OpenSSH" : ""}`;
}

function ignore(): void {
  // A look has little to tell; who wants it passes a report.
}
