/** So many at a time; each turn comes, whatever became of those before it. */
export class Lanes {
  readonly #lanes: Promise<unknown>[];
  #next = 0;

  constructor(count: number) {
    this.#lanes = Array.from({ length: count }, () => Promise.resolve());
  }

  run<T>(action: () => Promise<T>): Promise<T> {
    const lane = this.#next++ % this.#lanes.length;
    const turn = (this.#lanes[lane] ?? Promise.resolve()).then(action);
    this.#lanes[lane] = turn.catch(() => undefined); // the next one's turn comes all the same
    return turn;
  }
}
