import type { Socket } from "node:net";
import { CongestionWindow } from "./congestion-window.ts";
import type { EmulatedLink } from "./link-profile.ts";
import type { Timetable } from "./timetable.ts";

/** The wire in one direction, shared by all connections: when is it free again? */
export interface Wire {
  freeAtMs: number;
}

const largestPiece = 16 * 1024;
/** What the sender's kernel keeps beyond what is under way; then the sender is not read from. */
const sendBuffer = 1024 * 1024;

/** One direction of one connection: bytes read from `source` reach `sink` later, at the wire's rate, within the window. */
export class OneWay {
  readonly #link: EmulatedLink;
  readonly #timetable: Timetable;
  readonly #wire: Wire;
  readonly #window: CongestionWindow;
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #open = false;
  #ended = false;
  #finished = false;

  constructor(link: EmulatedLink, timetable: Timetable, wire: Wire, source: Socket, sink: Socket) {
    this.#link = link;
    this.#timetable = timetable;
    this.#wire = wire;
    this.#window = new CongestionWindow(link);
    this.#source = source;
    this.#sink = sink;
    source.on("data", (chunk: Buffer) => {
      this.#queue.push(chunk);
      this.#queued += chunk.length;
      if (this.#queued > sendBuffer) source.pause();
      this.#pump();
    });
    source.on("end", () => {
      this.#ended = true;
      this.#pump();
    });
  }

  /** The connection stands: from now on its bytes go out. */
  open(): void {
    this.#open = true;
    this.#pump();
  }

  #pump(): void {
    if (!this.#open) return;
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) this.#send(piece);
    if (this.#queued <= sendBuffer && this.#source.isPaused()) this.#source.resume();
    if (!this.#ended || this.#queued > 0 || this.#finished) return;
    this.#finished = true;
    this.#timetable.at(this.#arrival(0), () => this.#sink.end());
  }

  /** The next bytes that fit into the window. */
  #next(): Buffer | undefined {
    const [head] = this.#queue;
    if (head === undefined) return undefined;
    const size = Math.min(head.length, largestPiece, this.#window.room(this.#timetable.now()));
    if (size === 0) return undefined;
    if (size === head.length) this.#queue.shift();
    else this.#queue[0] = head.subarray(size);
    this.#queued -= size;
    return head.subarray(0, size);
  }

  #send(piece: Buffer): void {
    this.#window.sent(piece.length, this.#timetable.now());
    this.#timetable.at(this.#arrival(piece.length), () => {
      if (this.#sink.destroyed) return;
      // Acknowledged when the receiving kernel has it: a receiver that does not read closes the window.
      this.#sink.write(piece, () => {
        this.#timetable.at(this.#timetable.now() + this.#link.roundTripMs / 2, () => {
          this.#window.acknowledged(piece.length);
          this.#pump();
        });
      });
    });
  }

  #arrival(bytes: number): number {
    const starts = Math.max(this.#timetable.now(), this.#wire.freeAtMs);
    this.#wire.freeAtMs = starts + (bytes / this.#link.bytesPerSecond) * 1000;
    return this.#wire.freeAtMs + this.#link.roundTripMs / 2;
  }
}
