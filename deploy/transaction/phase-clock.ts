/** Seconds per phase of a deployment; a phase that is entered again adds up. */
export class PhaseClock {
  readonly #seconds: Record<string, number> = {};

  async timed<T>(phase: string, action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await action();
    } finally {
      const seconds = (this.#seconds[phase] ?? 0) + (performance.now() - start) / 1000;
      this.#seconds[phase] = Math.round(seconds * 1000) / 1000;
    }
  }

  get seconds(): Readonly<Record<string, number>> {
    return { ...this.#seconds };
  }
}
