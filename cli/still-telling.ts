import { clearLine, cursorTo } from "node:readline";
import { plainText } from "../errors.ts";
import { patienceSeconds, Silence } from "../stack/silence.ts";
import { UnderWay } from "../stack/under-way.ts";
import { type WorkEvent, watchWork } from "../trace.ts";
import type { Terminal } from "./terminal.ts";

/** Where words about what is waited for go: standard error. */
export type StillStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Says what is waited for when a command has said nothing for two seconds: on a terminal in one line that comes and goes, in a
 * log as a line after 2, 10, 30 and 60 seconds and each minute then. Silent while somebody is asked.
 */
export class StillTelling implements Disposable {
  readonly #stream: StillStream;
  readonly #clock: () => number;
  readonly #underWay = new UnderWay();
  readonly #watch: Disposable;
  readonly #timer: NodeJS.Timeout;
  readonly #silence: Silence;
  /** The passing line; undefined: none is there. */
  #shown: string | undefined;

  /** @param clock - milliseconds, only forward. */
  constructor(stream: StillStream, clock: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#clock = clock;
    this.#silence = new Silence(clock);
    this.#watch = watchWork((event) => this.observe(event));
    this.#timer = setInterval(() => this.tick(), 500).unref();
  }

  /** The terminal, with each of its lines in the place of the passing one. */
  around(terminal: Terminal): Terminal {
    const said = (): void => {
      this.#erase();
      this.#silence.broken();
    };
    return {
      debug: terminal.debug ?? false,
      answer: (text) => {
        said();
        terminal.answer(text);
      },
      tell: (text, tone) => {
        said();
        terminal.tell(text, tone);
      },
      clear: () => {
        said();
        terminal.clear();
      },
      get exitCode() {
        return terminal.exitCode;
      },
      set exitCode(code: number) {
        terminal.exitCode = code;
      },
    };
  }

  observe(event: WorkEvent): void {
    this.#underWay.observe(event, this.#clock());
    // In a log nobody waits for it, and on a screen the line goes again.
    if (event.kind === "began" && event.work.isBusy === true && this.#isScreen) this.#say(`${event.work.what} …`);
    if (event.work.kind !== "question") return;
    this.#erase();
    this.#silence.broken(); // whoever was asked has just seen something
  }

  /** To be called now and then. */
  tick(): void {
    if (this.#underWay.isAsking || this.#silence.seconds < patienceSeconds) return;
    const words = this.#underWay.words(this.#clock());
    if (words === undefined) {
      this.#erase();
      return;
    }
    if (this.#isScreen || this.#silence.takeWord()) this.#say(`still: ${words}`);
  }

  /** A dumb terminal takes nothing back. */
  get #isScreen(): boolean {
    return this.#stream.isTTY === true && process.env["TERM"] !== "dumb";
  }

  #say(words: string): void {
    const line = plainText(words).replaceAll(/\s+/g, " ");
    if (!this.#isScreen) {
      this.#stream.write(`${line}\n`);
      return;
    }
    if (line === this.#shown) return;
    this.#erase();
    // A line that wraps could not be taken back.
    this.#stream.write(line.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1)));
    this.#shown = line;
  }

  #erase(): void {
    if (this.#shown === undefined) return;
    this.#shown = undefined;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watch[Symbol.dispose]();
    this.#erase();
  }
}
