import { setImmediate as yieldToOthers } from "node:timers/promises";
import { ConnectionLostError } from "../errors.ts";
import type { PathChannel } from "./path-channel.ts";
import type { PathInfo } from "./path-info.ts";
import { PathSchedule } from "./path-schedule.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import { WireError } from "./wire.ts";

const longestSliceMs = 8;

/** What a push has cost so far. */
export interface Tally {
  /** Bytes handed to SSH. */
  bytesSent: number;
  /** Answers that were waited for, one after another. */
  roundTrips: number;
}

/** Channels on other connections. */
export interface Help {
  /**
   * They join when they are there; undefined: it came to nothing.
   * @param enough - what is not open by then is not needed; what is, goes on.
   */
  open(scope: AbortSignal, enough: AbortSignal): readonly Promise<PathChannel | undefined>[];
  /** They do it for less: from when one has joined, the first channel leaves the large paths to them. */
  readonly handsOver: boolean;
}

export interface Sending {
  /** Opens a channel; called once for each. */
  readonly open: (scope: AbortSignal) => Promise<PathChannel>;
  /** Is used where the host takes no further channel. Whoever opened it closes it. */
  readonly lock: PathChannel;
  readonly help?: Help;
  /** What the host lacks, each path after its references. */
  readonly paths: readonly PathInfo[];
  readonly channels: number;
  /** Called when the host has added a path. */
  readonly onAdded: (info: PathInfo) => void;
  /** Counts what goes over the wire, also when the push fails. */
  readonly tally: Tally;
}

/**
 * Sends paths over several channels at once, without waiting for answers where none is needed.
 * @throws {ReceiverEnd} @throws {WireError} @throws {NarError} @throws {ConnectionLostError}; paths that were added stay
 * @returns how many channels there were at the end, and whether the lock was the only one.
 */
export async function sendPaths(
  push: Sending,
  signal: AbortSignal,
): Promise<{ readonly channels: number; readonly overLock: boolean }> {
  const stop = new AbortController();
  const scope = AbortSignal.any([signal, stop.signal]);
  await using channels = new AsyncDisposableStack();
  const opened = await Promise.allSettled(Array.from({ length: push.channels }, () => push.open(scope)));
  const lanes = new Lanes(push);
  for (const result of opened) {
    // sshd refuses channels beyond its MaxSessions; one is enough.
    if (result.status === "fulfilled") lanes.add(channels.use(result.value));
  }
  const [first] = opened;
  const overLock = lanes.count === 0;
  if (overLock) {
    signal.throwIfAborted();
    if (first?.status === "rejected" && !isRefusal(first.reason)) throw first.reason;
    lanes.add(push.lock);
  }
  try {
    await lanes.run(channels, scope);
    return { channels: lanes.count, overLock };
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    push.tally.bytesSent += lanes.bytesSent;
    push.tally.roundTrips += 1 + lanes.mostWaits;
  }
}

/** The host took no further channel, or the connection is lost; which of them, the next write tells. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConnectionLostError;
}

interface Lane {
  readonly channel: PathChannel;
  readonly inFlight: PathInfo[];
  /** Bytes that had gone over the channel for something else. */
  readonly sentBefore: number;
  idle: boolean;
  /** How often it had to wait for an answer before it could go on. */
  waits: number;
  /** Takes no more paths, so that the answers it owes come. */
  retired: boolean;
}

class Lanes {
  readonly #push: Sending;
  readonly #schedule: PathSchedule;
  readonly #lanes: Lane[] = [];
  readonly #allTaken = new AbortController();
  #changed = Promise.withResolvers<void>();
  #sliceStart = performance.now();

  constructor(push: Sending) {
    this.#push = push;
    this.#schedule = new PathSchedule(push.paths);
  }

  get count(): number {
    return this.#lanes.length;
  }

  get bytesSent(): number {
    return this.#lanes.reduce((sum, { channel, sentBefore }) => sum + channel.process.bytesSent - sentBefore, 0);
  }

  get mostWaits(): number {
    return Math.max(0, ...this.#lanes.map(({ waits }) => waits));
  }

  add(channel: PathChannel): Lane {
    const lane = {
      channel,
      inFlight: [],
      idle: false,
      waits: 0,
      retired: false,
      sentBefore: channel.process.bytesSent,
    };
    this.#lanes.push(lane);
    return lane;
  }

  /** @param opened - takes the channels that join. */
  async run(opened: AsyncDisposableStack, scope: AbortSignal): Promise<void> {
    const joining = this.#push.help?.open(scope, this.#allTaken.signal) ?? [];
    const joined = joining.map(async (opening) => {
      const channel = await opening;
      if (channel === undefined) return;
      opened.use(channel);
      if (this.#schedule.left > 0) await this.#work(this.add(channel), this.#lanes.length - 1);
    });
    await Promise.all([...this.#lanes.map((lane, index) => this.#work(lane, index)), ...joined]);
  }

  async #work(lane: Lane, index: number): Promise<void> {
    await Promise.all([this.#send(lane, index), this.#receive(lane)]);
  }

  async #send(lane: Lane, index: number): Promise<void> {
    while (this.#schedule.left > 0 && !lane.retired) {
      const info = this.#schedule.take(index, this.#preferenceOf(index));
      if (info === undefined) {
        await this.#wait(lane);
        continue;
      }
      lane.inFlight.push(info);
      if (this.#schedule.left === 0) {
        this.#allTaken.abort();
        this.#wake();
      }
      await lane.channel.send(info);
      await this.#rest();
    }
    const { process, atEnd } = lane.channel;
    await process.out.flush();
    while (atEnd === "drops" && lane.inFlight.length > 0) await this.#changed.promise;
    await process.end();
  }

  /** The first connection leaves the largest paths to those that help it. */
  #preferenceOf(index: number): "largest" | "smallest" | "none" {
    const { help } = this.#push;
    if (index > 0 || help === undefined) return "largest";
    return help.handsOver && this.#lanes.length > 1 ? "none" : "smallest";
  }

  /** Thousands of small paths are one long synchronous stretch otherwise. */
  async #rest(): Promise<void> {
    if (performance.now() - this.#sliceStart < longestSliceMs) return;
    await yieldToOthers();
    this.#sliceStart = performance.now();
  }

  async #wait(lane: Lane): Promise<void> {
    const { promise } = this.#changed;
    await lane.channel.process.out.flush();
    if (promise !== this.#changed.promise) return;
    lane.idle = true;
    lane.waits += 1;
    this.#retireIfStuck();
    await promise;
  }

  /**
   * Where all lanes wait for answers that lie in the buffers of the hosts' decompressors, all but one are ended: their
   * answers come, and then everything may go over the one that is left.
   */
  #retireIfStuck(): void {
    const open = this.#lanes.filter(({ retired }) => !retired);
    if (open.length < 2 || open.some(({ idle, channel }) => !idle || !channel.process.compressed)) return;
    for (const lane of open.slice(1)) lane.retired = true;
    this.#wake();
  }

  async #receive(lane: Lane): Promise<void> {
    await lane.channel.hello();
    for (;;) {
      const added = await this.#answer(lane);
      if (added === undefined) break;
      const info = lane.inFlight.shift();
      if (info === undefined) throw new WireError("no answer without a request", "one more", 0);
      this.#schedule.acknowledge(info.path);
      this.#push.onAdded(info);
      this.#wake();
    }
    // A daemon whose input ends may call that an interruption; it has answered for everything.
    if (lane.channel.atEnd === "answers" || lane.inFlight.length > 0) await lane.channel.process.finished();
    if (lane.inFlight.length > 0 || (!lane.retired && this.#schedule.left > 0)) {
      throw new WireError(`answers for ${lane.inFlight.length} more paths`, "the end", 0);
    }
  }

  /** A daemon that finds its input ended while it tidies up after its last answer calls that an interruption. */
  async #answer({ channel, inFlight }: Lane): Promise<true | undefined> {
    try {
      return await channel.added();
    } catch (error) {
      const isOver = this.#schedule.left === 0 && inFlight.length === 0;
      if (channel.atEnd === "drops" && isOver && error instanceof ReceiverEnd) return undefined;
      throw error;
    }
  }

  #wake(): void {
    for (const lane of this.#lanes) lane.idle = false;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
