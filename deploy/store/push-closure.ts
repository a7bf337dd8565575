import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { ClosurePush } from "./closure-push.ts";
import { ClosureReading } from "./closure-reading.ts";
import type { LinkSpeed } from "./link-speed.ts";
import { explainPushFailure } from "./push-failure.ts";
import { askReceiver, type Question } from "./receiver.ts";
import type { SigningKey } from "./signature.ts";

/** `none`: nothing was missing; `serve`: nix-store --serve over exec; `worker`: the daemon's protocol; `nix-copy`: `nix copy` of the operator; `cache`: the host fetched it. */
export type PushBackend = "none" | "serve" | "worker" | "nix-copy" | "cache";

export interface PushOptions {
  /** For the whole push. */
  readonly deadlineSeconds: number;
  /** Left free in the host's store, MiB. Default 64. */
  readonly reserveMib?: number;
  /** How the closure goes there. Default: `serve`, where the host can. */
  readonly backend?: Exclude<PushBackend, "none" | "cache">;
  /** Signs what the host would otherwise refuse from a user whom it does not trust. */
  readonly signingKey?: SigningKey;
  /** Store on the host in Nix' own words, e.g. `local?root=/mnt`. Absent: the host's default store. */
  readonly store?: string;
  /** Default `auto`: by the link's measured speed, where the host has zstd. */
  readonly compress?: "auto" | "always" | "never";
  /**
   * Differences from what the host's systems have already. `auto`: where they are the faster way (delta/worth-delta.ts);
   * `always`: wherever they are possible. Default `auto`.
   */
  readonly delta?: "auto" | "always" | "never";
  /** Most channels at once, 1 to 8. Default 4. */
  readonly channels?: number;
  /** What is known of the way. Default: it is measured. */
  readonly link?: LinkSpeed;
  /** The host first fetches from its own caches what they have. Default false: without a way to them Nix waits for minutes. */
  readonly substitute?: boolean;
}

export interface DeltaTotals {
  readonly paths: number;
  /** Their size as NARs. */
  readonly bytes: number;
  /** What was sent for them. */
  readonly bytesSent: number;
}

export interface PushResult {
  /** Store paths that the host did not have. */
  readonly paths: number;
  /** Their size as NARs. */
  readonly bytes: number;
  readonly seconds: number;
  /** `none`: nothing was missing. */
  readonly backend: PushBackend;
  /** Of backend `worker`: straight to the daemon's socket, or through a process that passes everything on to it. */
  readonly through?: "socket" | "process";
  /** What went over the connection for them, after compression, all attempts together. Absent: the backend cannot tell. */
  readonly bytesSent?: number;
  /** Answers that were waited for, one after another, once connected. Absent: the backend cannot tell. */
  readonly roundTrips?: number;
  /** Channels that sent in the last attempt, on all connections. */
  readonly channels?: number;
  readonly compression?: "zstd" | "gzip" | "none";
  /** What of it went as differences, all attempts together. Absent: nothing did. */
  readonly delta?: DeltaTotals;
  /** Connections that sent at the end, the first one included. */
  readonly connections?: number;
  /** How many times the push went on over a new connection or receiver. */
  readonly resumed?: number;
}

/**
 * Brings a toplevel with its closure from the operator's store into the host's. Nothing is sent when it is valid there:
 * a valid path's closure is valid. After a lost connection it goes on with what the host has not acknowledged.
 * While it lasts, receiving processes on the host keep from collection what is there; a root for the toplevel, made
 * beforehand, takes over the moment it is valid.
 * @throws {DiskSpaceError} @throws {PushError} @throws {ConnectionLostError}; what arrived stays, and is not sent again
 */
export function pushClosure(
  session: HostSession,
  toplevel: StorePath,
  options: PushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  return pushPaths(session, [toplevel], options, report, signal);
}

/** A host nearby has said by then that it has everything, and the closure is never read. */
const answerMs = 40;

/** As `pushClosure`, for the union of several closures. @param wanted - at least one. */
export async function pushPaths(
  session: HostSession,
  wanted: readonly [StorePath, ...StorePath[]],
  options: PushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  const start = performance.now();
  const deadline = AbortSignal.timeout(options.deadlineSeconds * 1000);
  const scope = AbortSignal.any([signal, deadline]);
  try {
    const [toplevel, ...others] = wanted;
    const { store, backend } = options;
    using closure = new ClosureReading(wanted, scope);
    // The handshake, or a slow answer, is time enough to read the closure.
    closure.begin(session.connected === undefined ? 0 : answerMs);
    const question: Question = {
      ...(others.length === 0 ? { toplevel } : {}),
      ...(store === undefined ? {} : { store }),
      receive: backend === undefined ? "auto" : backend === "worker" ? "none" : "serve",
    };
    const asked = await askReceiver(session, question, scope);
    const cost = { bytesSent: 0, roundTrips: 1 };
    if (asked.valid) return { paths: 0, bytes: 0, ...cost, seconds: secondsSince(start), backend: "none" };
    const push = new ClosurePush(session, wanted, asked, closure, options, report, scope);
    return { ...(await push.run()), seconds: secondsSince(start) };
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.aborted ? tooLate(session, options, error) : explainPushFailure(session, error);
  }
}

function tooLate(session: HostSession, { deadlineSeconds }: PushOptions, cause: unknown): PushError {
  return new PushError(
    {
      summary: `${session.spec.machine}: the push did not end in time`,
      expected: `an end within ${deadlineSeconds} s`,
      found: "paths still missing",
      at: renderAddress(session.spec),
      fix: "run it again: what arrived is kept; or give it more time",
    },
    { cause },
  );
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
