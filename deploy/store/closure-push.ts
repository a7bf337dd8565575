import { setTimeout as sleep } from "node:timers/promises";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { ConnectionLostError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { describeFailure, isNoSocket, isWorthAnother } from "./attempt-failure.ts";
import { ChannelAhead } from "./channel-ahead.ts";
import type { ClosureReading } from "./closure-reading.ts";
import { readDeltaPlan } from "./delta/read-delta-plan.ts";
import { StagedSending } from "./delta/staged-sending.ts";
import { breakEvenRate, isWorthDelta } from "./delta/worth-delta.ts";
import { FurtherChannels } from "./further-channels.ts";
import { type LinkSpeed, slowByLength } from "./link-speed.ts";
import { SoughtRate } from "./long-link.ts";
import { measureWay } from "./measure-way.ts";
import { nixCopy } from "./nix-copy.ts";
import type { PathChannel } from "./path-channel.ts";
import { type PathInfo, sizeOf } from "./path-info.ts";
import { planSending, renderWay, type SendingPlan } from "./plan-sending.ts";
import type { PushOptions, PushResult } from "./push-closure.ts";
import { requireSpace } from "./push-failure.ts";
import { mebibytes, PushProgress } from "./push-progress.ts";
import type { Asked, Receiver } from "./receiver.ts";
import { lastWords, ReceiverEnd } from "./receiver-end.ts";
import { type Encoding, type ReceiverCommand, ReceiverProcess } from "./receiver-process.ts";
import { sendPaths, type Tally } from "./send-paths.ts";
import { ServeChannel, serveCommand } from "./serve-channel.ts";
import { requireAcceptance, signRefused, unacceptable } from "./trust.ts";
import { WireError } from "./wire.ts";
import { daemonSocket, WorkerChannel, workerCommand } from "./worker-channel.ts";
import type { Trust } from "./worker-messages.ts";

type Sent = Omit<PushResult, "seconds" | "paths" | "bytes">;

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
  readonly #closure: ClosureReading;
  readonly #options: PushOptions;
  readonly #report: Report;
  readonly #scope: AbortSignal;
  #substitute: boolean;
  /** The daemon's socket is there for the login user, as far as it is known. */
  #hasSocket: boolean;
  /** The process that said that something is missing; it holds what is there in the first attempt. */
  #first: ReceiverProcess | undefined;
  #attempts = 0;
  /** From the first answer on. */
  #missing: Missing | undefined;
  readonly #tally: Tally = { bytesSent: 0, roundTrips: 1 };
  readonly #delta = { paths: 0, bytes: 0, bytesSent: 0 };

  constructor(
    session: HostSession,
    wanted: readonly StorePath[],
    { receiver, process }: Extract<Asked, { valid: false }>,
    closure: ClosureReading,
    options: PushOptions,
    report: Report,
    scope: AbortSignal,
  ) {
    this.#session = session;
    this.#paths = wanted;
    this.#receiver = receiver;
    this.#first = process;
    this.#closure = closure;
    this.#options = options;
    this.#report = report;
    this.#scope = scope;
    this.#substitute = options.substitute ?? false;
    this.#hasSocket = !receiver.isRoot && options.store === undefined;
  }

  async run(): Promise<Omit<PushResult, "seconds">> {
    let done = 0;
    let fruitless = 0;
    for (let resumed = 0; ; resumed++) {
      try {
        return { ...(await this.#attempt()), resumed };
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
        this.#say("warning", `${describeFailure(error)}, going on with what is missing`);
        await sleep(50 + Math.random() * 200, undefined, { signal: this.#scope }).catch(() =>
          this.#scope.throwIfAborted(),
        );
      }
    }
  }

  /** Absent: it makes no difference, or the host takes no channel for it. */
  async #measure(host: SshHost, sought: SoughtRate): Promise<LinkSpeed | undefined> {
    const { link, backend, delta = "auto" } = this.#options;
    if (link !== undefined) return link;
    if (this.#backend !== "serve" || backend === "nix-copy") return undefined;
    const matters = delta === "auto" && this.#noDelta === undefined;
    const question = { hasZstd: this.#receiver.zstd !== undefined, sought: matters ? sought : undefined };
    return await measureWay(host, question, this.#scope);
  }

  async #attempt(): Promise<Omit<PushResult, "seconds">> {
    this.#attempts += 1;
    const host = await this.#session.connection(this.#scope);
    // Kept open to the end: while it lives, what it was asked for is not collected.
    await using lock = await this.#hold(host);
    await using lane = new ChannelAhead(this.#backend === "serve" ? this.#startLane(host, this.#scope) : undefined);
    const sought = new SoughtRate();
    const measuring = this.#measure(host, sought);
    measuring.catch(() => undefined); // nobody waits for it where nothing is missing
    const closure = await this.#closure.infos;
    const missing = await this.#askMissing(lock, closure);
    this.#tally.roundTrips += 1;
    sought.set(breakEvenRate(sizeOf(missing ?? []), host.roundTripMs ?? 0));
    if (missing === undefined) return this.#copy(closure);
    const { paths, bytes, progress } = this.#begin(missing);
    const backend = this.#backend;
    if (missing.length === 0) return { paths, bytes, backend: paths === 0 ? "none" : backend, ...this.#tally };
    if (this.#options.backend === "nix-copy") return this.#copy(missing);
    const signed = lock instanceof WorkerChannel ? this.#acceptable(missing, lock.trust) : missing;
    await using others = new FurtherChannels(this.#session.spec, this.#report);
    if (sought.bytesPerSecond > 0) this.#beginFurther(host, missing, others);
    const way = { host, lock, lane, others, link: await measuring };
    return { paths, bytes, ...(await this.#sendStaged(way, signed, progress)) };
  }

  /** With signatures where the host wants them, and a key is given. @throws {PushError} before anything is sent */
  #acceptable(missing: readonly PathInfo[], trust: Trust): readonly PathInfo[] {
    const { signed, count } = signRefused(missing, trust, this.#receiver.signatures, this.#options.signingKey);
    requireAcceptance(this.#session, unacceptable(signed, trust, this.#receiver.signatures), this.#receiver.signatures);
    if (count > 0) this.#say("info", `${count} paths signed with ${this.#options.signingKey?.name}`);
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

  /** The process that was asked whether the toplevel is there; after a failure another one. */
  async #hold(host: SshHost): Promise<ServeChannel | WorkerChannel> {
    const first = this.#first;
    this.#first = undefined;
    return this.#greet(first ?? (await this.#start(host, "direct", this.#scope)));
  }

  /** Before it is known what goes over it: one more answer that need not be waited for. */
  #startLane(host: SshHost, scope: AbortSignal): Promise<ReceiverProcess> {
    return this.#start(host, "lane", scope);
  }

  #start(host: SshHost, kind: "direct" | "lane", scope: AbortSignal): Promise<ReceiverProcess> {
    const { nixStore, nixDaemon, elevation } = this.#receiver;
    const { store } = this.#options;
    if (this.#throughSocket) return ReceiverProcess.join(host, daemonSocket, scope);
    // Nix 2.26's daemon watches its input while it works: nothing may stand before it.
    const command: ReceiverCommand =
      this.#backend === "worker"
        ? { kind: "direct", argv: workerCommand(nixDaemon, store) }
        : { kind, argv: serveCommand(nixStore, store) };
    return ReceiverProcess.start(host, elevation, command, scope);
  }

  #greet(process: ReceiverProcess): Promise<ServeChannel | WorkerChannel> {
    return this.#backend === "worker" ? WorkerChannel.greet(process) : ServeChannel.greet(process);
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

  /** Differences first, where they are worth it; the rest, and what they failed at, in full. */
  async #sendStaged(way: Way, missing: readonly PathInfo[], progress: PushProgress): Promise<Sent> {
    const staged = await this.#planStaged(way, missing, progress);
    if (staged === undefined) return this.#send(way, missing, progress);
    let sent: Sent = { backend: "serve", channels: 1, compression: "zstd", connections: 1 };
    for await (const paths of staged.run(this.#scope)) sent = await this.#send(way, paths, progress);
    return { ...sent, ...this.#tally, ...(this.#delta.paths === 0 ? {} : { delta: { ...this.#delta } }) };
  }

  /** Why no differences can go, whatever the way; undefined: they can. */
  get #noDelta(): string | undefined {
    // A host's systems are in its default store; after two lost connections differences may be why it is lost.
    if (this.#backend !== "serve" || this.#options.store !== undefined)
      return "only into the host's own store, as root";
    return this.#attempts > 2 ? "connections were lost over them" : undefined;
  }

  async #planStaged({ host, lock, link }: Way, missing: readonly PathInfo[], progress: PushProgress) {
    const { delta = "auto" } = this.#options;
    const isWorth = (bytes: number): boolean => delta === "always" || isWorthDelta(bytes, link);
    if (delta === "never" || !isWorth(sizeOf(missing))) return undefined;
    const tell = (reason: string): void =>
      this.#say(delta === "always" ? "warning" : "debug", `no differences: ${reason}`);
    if (this.#noDelta !== undefined) return void tell(this.#noDelta);
    const plan = await readDeltaPlan(host, this.#receiver, missing, isWorth, this.#scope);
    this.#tally.roundTrips += 1;
    if (plan.kind === "none") return void tell(plan.reason);
    const onAdded = (info: PathInfo): void => progress.added(info);
    const way = { host, receiver: plan.receiver, lock, onAdded, tally: this.#tally };
    return new StagedSending(plan.stages, way, this.#delta, (level, message) => this.#say(level, message));
  }

  #plan(host: SshHost, missing: readonly PathInfo[], link: LinkSpeed | undefined): SendingPlan {
    const { compress = "auto", channels = 4 } = this.#options;
    const { further, ...plan } = planSending({
      missing,
      link,
      tools: this.#receiver,
      protocol: this.#backend,
      backEnd: host.backEnd,
      compress,
      channels: Math.min(8, Math.max(1, channels)),
    });
    // After a failure one connection does: it may have been the second one that the host did not bear.
    return further === undefined || this.#attempts > 1 ? plan : { ...plan, further };
  }

  /** Over a way so long that its length alone says what helps, while it is measured whether it is wide. */
  #beginFurther(host: SshHost, missing: readonly PathInfo[], others: FurtherChannels): void {
    const isMeasured = this.#backend === "serve" && this.#options.link === undefined;
    const long = isMeasured ? slowByLength(host.roundTripMs) : undefined;
    const further = long === undefined ? undefined : this.#plan(host, missing, long).further;
    if (further !== undefined) others.begin(further, this.#scope);
  }

  async #send(way: Way, missing: readonly PathInfo[], progress: PushProgress): Promise<Sent> {
    const { host, lock, lane, others, link } = way;
    const backend = this.#backend;
    const { further, ...plan } = this.#plan(host, missing, link);
    const compression = plan.encoding.kind === "plain" ? "none" : plan.encoding.kind;
    const through = backend === "serve" ? undefined : this.#throughSocket ? "socket" : "process";
    const at = through === "socket" ? " at the daemon's socket" : "";
    this.#say("debug", `${backend} protocol${at}, ${plan.channels} channels, ${renderWay(compression, link, further)}`);
    const openOn = async (host: SshHost, scope: AbortSignal): Promise<PathChannel> =>
      this.#enter(await this.#startLane(host, scope), plan.encoding);
    const { channels, overLock } = await sendPaths(
      {
        open: async (scope) => {
          const ahead = lane.take();
          return ahead === undefined ? openOn(host, scope) : this.#enter(await ahead, plan.encoding);
        },
        lock,
        ...(further === undefined ? {} : { help: others.help(further, openOn) }),
        paths: missing,
        channels: plan.channels,
        onAdded: (info) => progress.added(info),
        tally: this.#tally,
      },
      this.#scope,
    );
    const connections = 1 + others.count;
    const told: Pick<PushResult, "through"> = through === undefined ? {} : { through };
    return { backend, ...told, ...this.#tally, channels, compression: overLock ? "none" : compression, connections };
  }

  #enter(process: ReceiverProcess, encoding: Encoding): Promise<PathChannel> {
    if (this.#backend === "serve") process.encode(encoding);
    return this.#greet(process);
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

/** What a plan goes over. */
interface Way {
  readonly host: SshHost;
  readonly lock: PathChannel;
  readonly lane: ChannelAhead;
  readonly others: FurtherChannels;
  readonly link: LinkSpeed | undefined;
}
