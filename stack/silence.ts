/** Seconds of silence after which whoever waits is told for what. */
export const patienceSeconds = 2;

/** In a log, seconds of silence before each further word; after the last of them every so many. */
const logSeconds = [patienceSeconds, 10, 30, 60] as const;

/** When the next word is due in a log that nobody has written to for a while. @param told - how many there were already. */
export function nextWordSeconds(told: number): number {
  const last = logSeconds[logSeconds.length - 1] ?? 60;
  return logSeconds[told] ?? last * (told - logSeconds.length + 2);
}

/** How long nothing was said, and when a log is due for a word about that. */
export class Silence {
  readonly #clock: () => number;
  #saidAt: number;
  #told = 0;

  /** @param clock - milliseconds, only forward. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#saidAt = clock();
  }

  get seconds(): number {
    return (this.#clock() - this.#saidAt) / 1000;
  }

  /** Something else was said: the silence begins anew. */
  broken(): void {
    this.#saidAt = this.#clock();
    this.#told = 0;
  }

  /** Whether a log is due for a word now, which is taken as told. */
  takeWord(): boolean {
    if (this.seconds < nextWordSeconds(this.#told)) return false;
    this.#told += 1;
    return true;
  }
}
