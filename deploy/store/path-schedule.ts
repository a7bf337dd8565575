import type { StorePath } from "../../local-nix/store-path.ts";
import type { PathInfo } from "./path-info.ts";

/** From this size on a path is worth a channel of its own. */
export const largePathBytes = 2 ** 20;

interface Pending {
  readonly info: PathInfo;
  /** References that nobody has sent yet. */
  unsent: number;
  /** Channel → references that were sent on it and not acknowledged yet. */
  readonly unacknowledged: Map<number, number>;
  readonly rank: number;
}

/**
 * Which path goes out next on which channel. A path may go when each of its references is valid on the host, acknowledged,
 * or ahead of it on the same channel, since a channel's commands run in order. Small paths keep to channel 0: spread, each
 * of them would wait for answers of other channels (measured at 50 ms: 2,000 small paths 2.3 s on four channels, 1.6 on one).
 */
export class PathSchedule {
  /** References → paths that wait for them. */
  readonly #waiting = new Map<StorePath, Pending[]>();
  readonly #sentOn = new Map<StorePath, number>();
  /** All references sent or there; by the one channel that some of them are under way on. */
  readonly #bound = new Map<number, Queue>();
  readonly #freeSmall = new Queue();
  /** Largest first: what is begun last should end soon. */
  readonly #freeLarge: Pending[] = [];
  #left: number;

  /** @param paths - what the host lacks, each path once and after its references. */
  constructor(paths: readonly PathInfo[]) {
    const missing = new Set(paths.map(({ path }) => path));
    this.#left = paths.length;
    paths.forEach((info, rank) => {
      const needed = new Set(info.references.filter((path) => path !== info.path && missing.has(path)));
      const pending: Pending = { info, unsent: needed.size, unacknowledged: new Map(), rank };
      for (const path of needed) {
        const others = this.#waiting.get(path);
        if (others === undefined) this.#waiting.set(path, [pending]);
        else others.push(pending);
      }
      if (needed.size === 0) this.#offer(pending);
    });
  }

  /** Paths that were not taken yet. */
  get left(): number {
    return this.#left;
  }

  /**
   * The next path for a channel; undefined: none before something is acknowledged, or none at all.
   * @param prefers - which of the large paths: the smallest, or none that another channel can take, where others are faster.
   */
  take(channel: number, prefers: "largest" | "smallest" | "none" = "largest"): PathInfo | undefined {
    const own = this.#bound.get(channel)?.shift();
    const pending = own ?? (channel === 0 ? this.#freeSmall.shift() : undefined) ?? this.#takeLarge(prefers);
    if (pending === undefined) return undefined;
    this.#left -= 1;
    const { path } = pending.info;
    this.#sentOn.set(path, channel);
    for (const dependent of this.#waiting.get(path) ?? []) {
      dependent.unsent -= 1;
      dependent.unacknowledged.set(channel, (dependent.unacknowledged.get(channel) ?? 0) + 1);
      if (dependent.unsent === 0) this.#offer(dependent);
    }
    return pending.info;
  }

  #takeLarge(prefers: "largest" | "smallest" | "none"): Pending | undefined {
    if (prefers === "none") return undefined;
    return prefers === "largest" ? this.#freeLarge.shift() : this.#freeLarge.pop();
  }

  acknowledge(path: StorePath): void {
    const channel = this.#sentOn.get(path);
    if (channel === undefined) throw new TypeError(`${path} was acknowledged and never sent`);
    for (const dependent of this.#waiting.get(path) ?? []) {
      const before = dependent.unacknowledged.get(channel) ?? 0;
      if (before > 1) dependent.unacknowledged.set(channel, before - 1);
      else this.#unbind(dependent, channel);
    }
    this.#waiting.delete(path);
  }

  #unbind(pending: Pending, channel: number): void {
    const bound = pending.unsent === 0 && pending.unacknowledged.size === 1;
    pending.unacknowledged.delete(channel);
    if (this.#sentOn.has(pending.info.path)) return;
    if (bound) this.#bound.get(channel)?.remove(pending);
    if (pending.unsent === 0) this.#offer(pending);
  }

  #offer(pending: Pending): void {
    const [channel, another] = pending.unacknowledged.keys();
    if (another !== undefined) return; // under way on two channels: the first of them to be acknowledged offers it
    if (channel === undefined) {
      this.#offerFree(pending);
      return;
    }
    const queue = this.#bound.get(channel) ?? new Queue();
    this.#bound.set(channel, queue);
    queue.add(pending);
  }

  #offerFree(pending: Pending): void {
    const { narSize } = pending.info;
    if (narSize < largePathBytes) {
      this.#freeSmall.add(pending);
      return;
    }
    const place = this.#freeLarge.findIndex(({ info }) => info.narSize < narSize);
    this.#freeLarge.splice(place < 0 ? this.#freeLarge.length : place, 0, pending);
  }
}

/** In the order of offering, which follows the order of the list closely enough; removal in the middle is lazy. */
class Queue {
  readonly #items: Pending[] = [];
  readonly #members = new Set<Pending>();
  #head = 0;

  add(pending: Pending): void {
    this.#items.push(pending);
    this.#members.add(pending);
  }

  remove(pending: Pending): void {
    this.#members.delete(pending);
  }

  shift(): Pending | undefined {
    for (;;) {
      const pending = this.#items[this.#head];
      if (pending === undefined) return undefined;
      this.#head += 1;
      if (this.#members.delete(pending)) return pending;
    }
  }
}

/** @returns 1 to `most`: a channel for every large path, as far as there are paths to spread. */
export function planChannels(paths: readonly PathInfo[], most: number): number {
  const large = paths.filter(({ narSize }) => narSize >= largePathBytes).length;
  return Math.max(1, Math.min(most, large));
}
