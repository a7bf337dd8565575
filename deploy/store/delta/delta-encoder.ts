import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Writable } from "node:stream";
import { collectBounded } from "../../ssh/bounded-text.ts";
import { windowLog } from "./plan-delta.ts";

/** Level 3 makes as little of a rewritten path as any, and what is new in it a third of its size. */
const level = 3;

/** The command line of what makes differences; `sizeBytes`: of its input. */
export function encoderArgs(referenceFile: string, sizeBytes: number): readonly string[] {
  return [
    `-${level}`,
    "-cq",
    "--check",
    `--long=${windowLog}`,
    `--patch-from=${referenceFile}`,
    `--stream-size=${sizeBytes}`,
  ];
}

/**
 * Turns what is written into differences from a file, by `zstd --patch-from`, and those into a channel. Node's own zstd knows
 * dictionaries, but looks into one of many megabytes hardly at all: of 32 MB with a changed hash every 64 kB it left 5 MB, the
 * command 28 kB (Node 24.21, zstd 1.5.4).
 */
export class DeltaEncoder extends Writable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<void>;

  /**
   * @param channel - is ended after the last byte. @param sizeBytes - what will be written.
   * @param onPiece - told what goes into the channel.
   */
  constructor(channel: Writable, referenceFile: string, sizeBytes: number, onPiece: (bytes: number) => void) {
    super();
    this.#child = spawn("zstd", encoderArgs(referenceFile, sizeBytes));
    const { stdin, stdout, stderr } = this.#child;
    const said = collectBounded(stderr, 4 * 1024, "tail");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    this.#child.once("error", (error) => this.destroy(error));
    this.#child.once("close", (code) => {
      resolve();
      if (code !== 0) this.destroy(new Error(`zstd ended with ${code ?? "a signal"}: ${said.text().trim()}`));
    });
    // Who wrote into it is told by the process's end.
    stdin.on("error", () => undefined);
    stdout.on("data", (piece: Buffer) => {
      onPiece(piece.length);
      stdout.pause();
      channel.write(piece, (error) => error ?? stdout.resume());
    });
    this.once("finish", () => channel.end());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // What zstd says at its end is more than that it reads no more.
    this.#child.stdin.write(chunk, (error) => (error ? void this.#closed.then(() => done(error)) : done()));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end();
    this.#closed.then(() => done()); // after a failure this has been destroyed by then
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill("SIGKILL");
    done(error);
  }
}
