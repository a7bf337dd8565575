import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { traced } from "../../trace.ts";
import { HostUnreachableError } from "../errors.ts";
import { chooseBackEnd } from "./choose-back-end.ts";
import { hostUnreachable } from "./connection-errors.ts";
import { type ConnectionSpec, type Endpoint, renderAddress } from "./connection-spec.ts";
import { fingerprint } from "./host-key.ts";
import { connectOpenssh } from "./openssh-connect.ts";
import type { SshHost } from "./ssh-host.ts";
import { connectSsh2 } from "./ssh2-connect.ts";

/**
 * Connects and authenticates, trying again with growing pauses while the host may still be booting.
 * @throws {HostKeyMismatchError} @throws {HostKeyUnknownError} before anything is sent, @throws {AuthenticationError}
 * @throws {HostUnreachableError} after `connectDeadlineSeconds` @throws {OpensshError}
 */
export async function connect(spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
  const until = performance.now() + spec.connectDeadlineSeconds * 1000;
  for (let attempt = 0; ; attempt++) {
    try {
      const deadlineMs = Math.min(spec.attemptDeadlineSeconds * 1000, until - performance.now());
      return await connectOnce(spec, deadlineMs, signal, report);
    } catch (error) {
      const pause = Math.min(5_000, 250 * 2 ** attempt) * (0.5 + Math.random());
      if (!(error instanceof HostUnreachableError) || performance.now() + pause >= until) throw error;
      const message = `no answer from ${renderAddress(spec)} (${error.reason}), trying again`;
      report({ level: "debug", subject: spec.machine, phase: "connect", message });
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted()); // the caller's reason, not an AbortError
      if (performance.now() >= until) throw error;
    }
  }
}

/** One attempt. @param deadlineMs - from the first packet to the end of the authentication. */
export async function connectOnce(
  spec: ConnectionSpec,
  deadlineMs: number,
  signal: AbortSignal,
  report: Report = () => undefined,
): Promise<SshHost> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)));
  let now: Endpoint = spec;
  const onEnd = (end: Endpoint): void => {
    now = end;
  };
  try {
    const scope = AbortSignal.any([signal, deadline]);
    const { backEnd, reason } = await chooseBackEnd(spec, scope);
    if (reason !== undefined) {
      const message = `connecting with ${backEnd === "openssh" ? "OpenSSH" : backEnd}: ${reason}`;
      report({ level: "debug", subject: spec.machine, phase: "connect", message });
    }
    const dial = backEnd === "openssh" ? connectOpenssh : connectSsh2;
    const work = { kind: "ssh", subject: spec.machine, what: `connect to ${renderAddress(spec)}` } as const;
    const host = await traced(
      work,
      () => dial(spec, onEnd, scope),
      ({ hostKey }) => `${backEnd}, ${fingerprint(hostKey)}`,
    );
    if (host.hostKeyIsNew) reportNew(host, report);
    return host;
  } catch (error) {
    signal.throwIfAborted();
    // What the host has said stays its word, also when the deadline passes a moment later.
    if (error instanceof FleetError || !deadline.aborted) throw error;
    throw hostUnreachable(now, `no answer within ${(deadlineMs / 1000).toFixed(1)} s`);
  }
}

function reportNew({ spec, hostKey }: SshHost, report: Report): void {
  const message =
    `host key accepted on first use, as hostKeyPolicy says: ${fingerprint(hostKey)} from ${renderAddress(spec)}; ` +
    `compare it at the host's console, then pin: ${hostKey}`;
  report({ level: "warning", subject: spec.machine, phase: "connect", message });
}
