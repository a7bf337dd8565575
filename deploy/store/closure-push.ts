import { setTimeout as sleep } from "node:timers/promises";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { ConnectionLostError, RemoteCommandError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { measureLinkSpeed, wantsCompression } from "./link-speed.ts";
import { nixCopy } from "./nix-copy.ts";
import type { PathChannel } from "./path-channel.ts";
import { type PathInfo, readClosure, sizeOf } from "./path-info.ts";
import { planChannels } from "./path-schedule.ts";
import type { PushOptions, PushResult } from "./push-closure.ts";
import { requireSpace } from "./push-failure.ts";
import { mebibytes, PushProgress } from "./push-progress.ts";
import type { Receiver } from "./receiver.ts";
import { lastWords, ReceiverEnd } from "./receiver-end.ts";
import { ReceiverProcess } from "./receiver-process.ts";
import { sendPaths, type Tally } from "./send-paths.ts";
import { ServeChannel, serveCommand } from "./serve-channel.ts";
import { signPath } from "./signature.ts";
import { requireAcceptance, unacceptable } from "./trust.ts";
import { WireError } from "./wire.ts";
import { daemonSocket, WorkerChannel, workerCommand } from "./worker-channel.ts";
import type { Trust } from "./worker-messages.ts";

/** What was missing when the host was asked first. */
interface Missing {
  readonly paths: number;
  readonly bytes: number;
  readonly progress: PushProgress;
}

/** One push over all its attempts. */
export class ClosurePush {
  readonly #session: HostSession;
  readonly #paths: readonly StorePath[];
  readonly #receiver: Receiver;
  readonly #options: PushOptions;
  readonly #report: Report;
  readonly #scope: AbortSignal;
  #substitute: boolean;
  /** The daemon's socket is there for the login user, as far as it is known. */
  #hasSocket: boolean;
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
    this.#substitute = options.substitute ?? false;
    this.#hasSocket = !receiver.isRoot && options.store === undefined;
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
        if (this.#substitute && this.#missing === undefined && error instanceof ReceiverEnd) {
          this.#substitute = false;
          this.#say("warning", `the host could not fetch from its caches: ${lastWords(error.stderr)}`);
          continue;
        }
        if (this.#throughSocket && this.#missing === undefined && isNoSocket(error)) {
          this.#hasSocket = false;
          this.#say(
            "debug",
            `the daemon's socket cannot be reached, going through nix-daemon: ${error.message.split("\n", 1)[0]}`,
          );
          continue;
        }
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
      const canCompress = this.#receiver.zstd !== undefined && this.#backend === "serve";
      if (compress !== "auto" || !canCompress) return Number.POSITIVE_INFINITY;
      return this.#session.retried((host) => measureLinkSpeed(host, this.#scope), this.#scope);
    };
    return Promise.all([readClosure(this.#paths, this.#scope), measure()]);
  }

  async #attempt(closure: readonly PathInfo[], bytesPerSecond: number): Promise<Omit<PushResult, "seconds">> {
    const host = await this.#session.connection(this.#scope);
    // Kept open to the end: while it lives, what it was asked for is not collected.
    await using lock = await this.#open(host, undefined, this.#scope);
    const missing = await this.#askMissing(lock, closure);
    this.#tally.roundTrips += 1;
    if (missing === undefined) return this.#copy(closure);
    const { paths, bytes, progress } = this.#begin(missing);
    const backend = this.#backend;
    if (missing.length === 0) return { paths, bytes, backend: paths === 0 ? "none" : backend, ...this.#tally };
    if (this.#options.backend === "nix-copy") return this.#copy(missing);
    const signed = lock instanceof WorkerChannel ? this.#acceptable(missing, lock.trust) : missing;
    return { paths, bytes, ...(await this.#send(host, signed, bytesPerSecond, progress)) };
  }

  /** With signatures where the host wants them, and a key is given. @throws {PushError} before anything is sent */
  #acceptable(missing: readonly PathInfo[], trust: Trust): readonly PathInfo[] {
    const { signatures } = this.#receiver;
    const { signingKey } = this.#options;
    const refused = new Set(unacceptable(missing, trust, signatures));
    if (refused.size === 0) return missing;
    const signed = missing.map((info) => {
      if (signingKey === undefined || !refused.has(info)) return info;
      return { ...info, signatures: [...info.signatures, signPath(info, signingKey)] };
    });
    requireAcceptance(this.#session, unacceptable(signed, trust, signatures), signatures);
    this.#say("info", `${refused.size} paths signed with ${signingKey?.name}`);
    return signed;
  }

  get #throughSocket(): boolean {
    return this.#backend === "worker" && this.#hasSocket;
  }

  /** The daemon's protocol for those who are not root: it says beforehand whom it trusts. */
  get #backend(): "serve" | "worker" {
    const { backend } = this.#options;
    return backend === "worker" || (backend !== "serve" && !this.#receiver.isRoot) ? "worker" : "serve";
  }

  async #open(host: SshHost, zstd: string | undefined, scope: AbortSignal): Promise<ServeChannel | WorkerChannel> {
    const { nixStore, nixDaemon, elevation } = this.#receiver;
    const { store } = this.#options;
    const isWorker = this.#backend === "worker";
    if (this.#throughSocket) return WorkerChannel.greet(await ReceiverProcess.join(host, daemonSocket, scope));
    const argv = isWorker ? workerCommand(nixDaemon, store) : serveCommand(nixStore, store);
    const command = zstd === undefined ? { argv } : { argv, zstd };
    const process = await ReceiverProcess.start(host, elevation, command, scope);
    return isWorker ? WorkerChannel.greet(process) : ServeChannel.greet(process);
  }

  /** @returns undefined when the host's Nix does not speak the protocol. */
  async #askMissing(lock: PathChannel, closure: readonly PathInfo[]): Promise<readonly PathInfo[] | undefined> {
    try {
      const valid = await lock.query({ substitute: this.#substitute, paths: closure.map(({ path }) => path) });
      return closure.filter(({ path }) => !valid.has(path));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#say("warning", `the host's Nix and the ${this.#backend} protocol: ${error.message}; using nix copy`);
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
    const wants = compress === "always" || (compress === "auto" && wantsCompression(bytesPerSecond, sizeOf(missing)));
    const backend = this.#backend;
    const zstd = wants && backend === "serve" ? this.#receiver.zstd : undefined;
    const compression = zstd === undefined ? "none" : "zstd";
    const channels = planChannels(missing, Math.min(8, Math.max(1, most)));
    const link = Number.isFinite(bytesPerSecond) ? `, link about ${mebibytes(bytesPerSecond)}/s` : "";
    const through = backend === "serve" ? undefined : this.#throughSocket ? "socket" : "process";
    const at = through === "socket" ? " at the daemon's socket" : "";
    this.#say("debug", `${backend} protocol${at}, ${channels} channels, compression ${compression}${link}`);
    const open = (scope: AbortSignal): Promise<PathChannel> => this.#open(host, zstd, scope);
    const onAdded = (info: PathInfo): void => progress.added(info);
    await sendPaths({ open, paths: missing, channels, onAdded, tally: this.#tally }, this.#scope);
    return { backend, ...(through === undefined ? {} : { through }), ...this.#tally, channels, compression };
  }

  async #copy(missing: readonly PathInfo[]): Promise<Omit<PushResult, "seconds">> {
    const { store } = this.#options;
    const request = { wanted: this.#paths, missing, ...(store === undefined ? {} : { store }) };
    await nixCopy(this.#session, this.#receiver, request, this.#report, this.#scope);
    return { paths: missing.length, bytes: sizeOf(missing), backend: "nix-copy" };
  }

  #say(level: "debug" | "info" | "warning", message: string): void {
    this.#report({ level, subject: this.#session.spec.machine, phase: "push", message });
  }
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof ConnectionLostError || (error instanceof ReceiverEnd && error.killed);
}

/** Nobody listens there, sshd does not forward to it, or what listens hangs up at once. */
function isNoSocket(error: unknown): error is RemoteCommandError | ReceiverEnd {
  return error instanceof RemoteCommandError || error instanceof ReceiverEnd;
}

function describe(error: unknown): string {
  return error instanceof ReceiverEnd ? `the receiver was killed (${error.message})` : "connection lost";
}
