interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** Things to do at a time, in its order; what is due at one time is done in the order in which it was entered. */
export class Timetable implements Disposable {
  readonly #heap: Entry[] = [];
  #entered = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  now(): number {
    return performance.now();
  }

  at(atMs: number, act: () => void): void {
    this.#push({ atMs, order: this.#entered++, act });
    this.#arm();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = next.atMs;
    // Timers count whole milliseconds: the last one is waited for in turns of the event loop, or every delay would be one longer.
    const wait = next.atMs - this.now();
    if (wait > 1.2) this.#timer = setTimeout(() => this.#run(), Math.floor(wait - 0.2));
    else setImmediate(() => this.#run());
  }

  #run(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= this.now(); next = this.#heap[0]) {
      this.#pop();
      next.act();
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
