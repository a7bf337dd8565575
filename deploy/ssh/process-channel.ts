import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex, type Readable } from "node:stream";
import type { HostChannel } from "./transport.ts";

/** The streams of a child process as one duplex, with the manners of an SSH channel. */
export class ProcessChannel extends Duplex implements HostChannel {
  readonly stderr: Readable;
  readonly #child: ChildProcessWithoutNullStreams;
  #givenUp = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024, writableHighWaterMark: 1024 * 1024 });
    this.#child = child;
    this.stderr = child.stderr;
    child.stdin.on("error", () => undefined); // a command that reads not all of its input is no failure
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stdout.once("close", () => this.push(null));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { stdin } = this.#child;
    // A pipe that nobody reads any more takes everything, as a channel does whose command has closed its input.
    if (stdin.destroyed || !stdin.writable) done();
    else stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
    if (this.#child.stdin.destroyed) done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  close(): void {
    this.#givenUp = true;
    this.destroy();
  }

  /** `close` came before the command's end. */
  get givenUp(): boolean {
    return this.#givenUp;
  }
}
