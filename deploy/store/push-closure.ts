import { setTimeout as sleep } from "node:timers/promises";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { ConnectionLostError, PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { measureLinkSpeed, wantsCompression } from "./link-speed.ts";
import { nixCopy } from "./nix-copy.ts";
import { type PathInfo, readClosure, sizeOf } from "./path-info.ts";
import { planChannels } from "./path-schedule.ts";
import { explainPushFailure, requireSpace } from "./push-failure.ts";
import { mebibytes, PushProgress } from "./push-progress.ts";
import { type Receiver, readReceiver } from "./receiver.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import { sendPaths, type Tally } from "./send-paths.ts";
import { ServeChannel } from "./serve-channel.ts";
import { WireError } from "./wire.ts";

/** `none`: nothing was missing; `serve`: nix-store --serve over exec; `worker`: the daemon's protocol; `nix-copy`: `nix copy` of the operator. */
export type PushBackend = "none" | "serve" | "worker" | "nix-copy";

export interface PushOptions {
  /** For the whole push. */
  readonly deadlineSeconds: number;
  /** Left free in the host's store, MiB. Default 64. */
  readonly reserveMib?: number;
  /** How the closure goes there. Default: `serve`, where the host can. */
  readonly backend?: Exclude<PushBackend, "none">;
  /** Store on the host in Nix' own words, e.g. `local?root=/mnt`. Absent: the host's default store. */
  readonly store?: string;
  /** Default `auto`: by the link's measured speed, where the host has zstd. */
  readonly compress?: "auto" | "always" | "never";
  /** Most channels at once, 1 to 8. Default 4. */
  readonly channels?: number;
  /** The host first fetches from its own caches what they have. Default false: without a way to them Nix waits for minutes. */
  readonly substitute?: boolean;
}

export interface PushResult {
  /** Store paths that the host did not have. */
  readonly paths: number;
  /** Their size as NARs. */
  readonly bytes: number;
  readonly seconds: number;
  /** `none`: nothing was missing. */
  readonly backend: PushBackend;
  /** What went over the connection for them, after compression, all attempts together. Absent: the backend cannot tell. */
  readonly bytesSent?: number;
  /** Answers that were waited for, one after another, once connected. Absent: the backend cannot tell. */
  readonly roundTrips?: number;
  /** Channels of the last attempt. */
  readonly channels?: number;
  readonly compression?: "zstd" | "none";
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
    const receiver = await readReceiver(session, wanted[0], scope);
    const isThere = receiver.valid && wanted.length === 1 && options.store === undefined;
    const cost = { bytesSent: 0, roundTrips: 1 };
    if (isThere) return { paths: 0, bytes: 0, ...cost, seconds: secondsSince(start), backend: "none" };
    const push = new ClosurePush(session, wanted, receiver, options, report, scope);
    return { ...(await push.run()), seconds: secondsSince(start) };
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.aborted ? tooLate(session, options, error) : explainPushFailure(session, error);
  }
}

/** What was missing when the host was asked first. */
interface Missing {
  readonly paths: number;
  readonly bytes: number;
  readonly progress: PushProgress;
}

/** One push over all its attempts. */
class ClosurePush {
  readonly #session: HostSession;
  readonly #paths: readonly StorePath[];
  readonly #receiver: Receiver;
  readonly #options: PushOptions;
  readonly #report: Report;
  readonly #scope: AbortSignal;
  /** From the first answer on. */
  #missing: Missing | undefined;
  readonly #tally: Tally = { bytesSent: 0, roundTrips: 1 };

  constructor(
    session: HostSession,
    wanted: readonly StorePath[],
    receiver: Receiver,
    options: PushOptions,
    report: Report,
    scope: AbortSignal,
  ) {
    this.#session = session;
    this.#paths = wanted;
    this.#receiver = receiver;
    this.#options = options;
    this.#report = report;
    this.#scope = scope;
  }

  async run(): Promise<Omit<PushResult, "seconds">> {
    const [closure, bytesPerSecond] = await this.#prepare();
    let done = 0;
    let fruitless = 0;
    for (let resumed = 0; ; resumed++) {
      try {
        return { ...(await this.#attempt(closure, bytesPerSecond)), resumed };
      } catch (error) {
        const now = this.#missing?.progress.done ?? 0;
        fruitless = now > done ? 0 : fruitless + 1;
        done = now;
        // A receiver that is killed again before it added anything will be killed for ever.
        if (fruitless > (error instanceof ConnectionLostError ? 5 : 1) || !isWorthAnother(error)) throw error;
        this.#say("warning", `${describe(error)}, going on with what is missing`);
        await sleep(50 + Math.random() * 200, undefined, { signal: this.#scope }).catch(() =>
          this.#scope.throwIfAborted(),
        );
      }
    }
  }

  /** The closure, and meanwhile the link's speed. */
  async #prepare(): Promise<readonly [readonly PathInfo[], number]> {
    const { compress = "auto" } = this.#options;
    const measure = async (): Promise<number> => {
      if (compress !== "auto" || this.#receiver.zstd === undefined) return Number.POSITIVE_INFINITY;
      return this.#session.retried((host) => measureLinkSpeed(host, this.#scope), this.#scope);
    };
    return Promise.all([readClosure(this.#paths, this.#scope), measure()]);
  }

  async #attempt(closure: readonly PathInfo[], bytesPerSecond: number): Promise<Omit<PushResult, "seconds">> {
    const host = await this.#session.connection(this.#scope);
    const { nixStore } = this.#receiver;
    const { store } = this.#options;
    const where = store === undefined ? {} : { store };
    // Kept open to the end: while it lives, what it was asked for is not collected.
    await using lock = await ServeChannel.open(host, this.#session.elevation, { nixStore, ...where }, this.#scope);
    const missing = await this.#askMissing(lock, closure);
    this.#tally.roundTrips += 1;
    if (missing === undefined) return this.#copy(closure);
    const { paths: count, bytes, progress } = this.#begin(missing);
    if (missing.length === 0) return { paths: count, bytes, backend: count === 0 ? "none" : "serve", ...this.#tally };
    if (this.#options.backend === "nix-copy") return this.#copy(missing);
    return { paths: count, bytes, ...(await this.#send(host, missing, bytesPerSecond, progress)) };
  }

  /** @returns undefined when the host's nix-store does not speak the protocol. */
  async #askMissing(lock: ServeChannel, closure: readonly PathInfo[]): Promise<readonly PathInfo[] | undefined> {
    const query = { lock: true, substitute: this.#options.substitute ?? false, paths: closure.map(({ path }) => path) };
    try {
      const valid = await lock.query(query);
      return closure.filter(({ path }) => !valid.has(path));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#say("warning", `the host's nix-store --serve: ${error.message}; using nix copy`);
      return undefined;
    }
  }

  #begin(missing: readonly PathInfo[]): Missing {
    if (this.#missing === undefined) {
      const freeKib = this.#options.store === undefined ? this.#receiver.freeKib : undefined;
      requireSpace(this.#session, missing, freeKib, this.#options.reserveMib ?? 64);
      const bytes = sizeOf(missing);
      const progress = new PushProgress(this.#session.spec.machine, bytes, this.#report);
      this.#missing = { paths: missing.length, bytes, progress };
      this.#say("info", `${missing.length} paths, ${mebibytes(bytes)}`);
    }
    this.#missing.progress.setLeft(missing);
    return this.#missing;
  }

  async #send(
    host: SshHost,
    missing: readonly PathInfo[],
    bytesPerSecond: number,
    progress: PushProgress,
  ): Promise<Omit<PushResult, "seconds" | "paths" | "bytes">> {
    const { compress = "auto", channels: most = 4 } = this.#options;
    const { nixStore, zstd } = this.#receiver;
    const target = this.#options.store === undefined ? { nixStore } : { nixStore, store: this.#options.store };
    const compressed =
      compress === "always" || (compress === "auto" && wantsCompression(bytesPerSecond, sizeOf(missing)));
    const serve = compressed && zstd !== undefined ? { ...target, zstd } : target;
    const channels = planChannels(missing, most);
    const compression = "zstd" in serve ? "zstd" : "none";
    const link = Number.isFinite(bytesPerSecond) ? `, link about ${mebibytes(bytesPerSecond)}/s` : "";
    this.#say("debug", `serve protocol, ${channels} channels, compression ${compression}${link}`);
    const onAdded = (info: PathInfo): void => progress.added(info);
    const { elevation } = this.#session;
    const tally = this.#tally;
    await sendPaths({ host, elevation, serve, paths: missing, channels, onAdded, tally }, this.#scope);
    return { backend: "serve", ...this.#tally, channels, compression };
  }

  async #copy(missing: readonly PathInfo[]): Promise<Omit<PushResult, "seconds">> {
    const { store } = this.#options;
    const request = { wanted: this.#paths, missing, ...(store === undefined ? {} : { store }) };
    await nixCopy(this.#session, this.#receiver.nixDaemon, request, this.#report, this.#scope);
    return { paths: missing.length, bytes: sizeOf(missing), backend: "nix-copy" };
  }

  #say(level: "debug" | "info" | "warning", message: string): void {
    this.#report({ level, subject: this.#session.spec.machine, phase: "push", message });
  }
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof ConnectionLostError || (error instanceof ReceiverEnd && error.killed);
}

function describe(error: unknown): string {
  return error instanceof ReceiverEnd ? `the receiver was killed (${error.message})` : "connection lost";
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
