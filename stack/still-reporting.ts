import { type Work, watchWork } from "../trace.ts";
import { Silence } from "./silence.ts";
import { UnderWay } from "./under-way.ts";

export interface StillOptions {
  /** Whose work is told. Default: all of this process. */
  readonly concerns?: (work: Work) => boolean;
  /** Milliseconds, only forward. */
  readonly clock?: () => number;
}

/** Tells what is waited for when nothing was told for 2, 10, 30 and 60 seconds, and each minute then. */
export class StillReporting implements Disposable {
  readonly #tell: (words: string) => void;
  readonly #clock: () => number;
  readonly #silence: Silence;
  readonly #underWay = new UnderWay();
  readonly #watch: Disposable;
  readonly #timer: NodeJS.Timeout;

  constructor(
    tell: (words: string) => void,
    { concerns = () => true, clock = () => performance.now() }: StillOptions = {},
  ) {
    this.#tell = tell;
    this.#clock = clock;
    this.#silence = new Silence(clock);
    this.#watch = watchWork((event) => {
      if (concerns(event.work)) this.#underWay.observe(event, clock());
    });
    this.#timer = setInterval(() => this.tick(), 500).unref();
  }

  /** Something else was told. */
  broken(): void {
    this.#silence.broken();
  }

  /** To be called now and then. */
  tick(): void {
    const words = this.#underWay.words(this.#clock());
    if (words !== undefined && this.#silence.takeWord()) this.#tell(words);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watch[Symbol.dispose]();
  }
}
