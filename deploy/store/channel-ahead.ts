import type { ReceiverProcess } from "./receiver-process.ts";

/** A channel that was opened before it was needed. Disposal ends it unless it was taken. */
export class ChannelAhead implements AsyncDisposable {
  readonly #starting: Promise<ReceiverProcess> | undefined;
  #taken = false;

  constructor(starting: Promise<ReceiverProcess> | undefined) {
    this.#starting = starting;
    starting?.catch(() => undefined); // who takes it gets the error
  }

  /** @returns undefined from the second time on, and where none was opened. */
  take(): Promise<ReceiverProcess> | undefined {
    if (this.#taken) return undefined;
    this.#taken = true;
    return this.#starting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const process = await this.#starting?.catch(() => undefined); // it was never needed
    if (!this.#taken) await process?.[Symbol.asyncDispose]();
  }
}
