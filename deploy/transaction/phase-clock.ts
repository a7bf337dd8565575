import { traced } from "../../trace.ts";

/** Seconds per phase of one machine's deployment; a phase that is entered again adds up. */
export class PhaseClock {
  readonly #machine: string;
  readonly #seconds: Record<string, number> = {};

  constructor(machine: string) {
    this.#machine = machine;
  }

  async timed<T>(phase: string, action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await traced({ kind: "phase", subject: this.#machine, what: phase }, action);
    } finally {
      const seconds = (this.#seconds[phase] ?? 0) + (performance.now() - start) / 1000;
      this.#seconds[phase] = Math.round(seconds * 1000) / 1000;
    }
  }

  get seconds(): Readonly<Record<string, number>> {
    return { ...this.#seconds };
  }
}
