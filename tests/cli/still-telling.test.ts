import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, describe, it } from "mocha";
import { StillTelling } from "../../cli/still-telling.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { PhaseClock } from "../../deploy/transaction/phase-clock.ts";
import { runProcess } from "../../local-nix/run-process.ts";
import { traced } from "../../trace.ts";

/** A command's standard error, and a clock that stands until it is moved. */
class Screen implements AsyncDisposable {
  readonly stream: PassThrough & { isTTY: boolean; columns: number };
  readonly still: StillTelling;
  readonly terminal: Terminal;
  #now = 0;

  constructor({ isTTY = false, columns = 80 } = {}) {
    this.stream = Object.assign(new PassThrough(), { isTTY, columns });
    this.still = new StillTelling(this.stream, () => this.#now);
    const told = (text: string): void => void this.stream.write(`${text}\n`);
    this.terminal = this.still.around({ answer: told, tell: told, clear: () => undefined, exitCode: 0 });
  }

  /** The clock goes on by so many seconds, with a look at each half second. */
  wait(seconds: number): void {
    for (let half = 0; half < seconds * 2; half++) {
      this.#now += 500;
      this.still.tick();
    }
  }

  /** All that was written since the last time. */
  get text(): string {
    const chunk: unknown = this.stream.read();
    return chunk === null ? "" : String(chunk);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.still[Symbol.dispose]();
  }
}

/** Source: ECMA-48, EL and CHA. */
const erased = "\u001b[2K\u001b[1G";

/** Work that takes as long as the test wants. */
function held(): { readonly work: () => Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

describe("waiting", () => {
  it("is told in a log after 2, 10 and 30 seconds of silence, in whole lines without control characters", async () => {
    await using screen = new Screen();
    const { work, end } = held();
    const done = new PhaseClock("galena").timed("push", work);
    screen.wait(1.5);
    assert.equal(screen.text, "");
    screen.wait(30);
    assert.equal(screen.text, "still: galena: push (2 s)\nstill: galena: push (10 s)\nstill: galena: push (30 s)\n");
    end();
    await done;
    screen.wait(60);
    assert.equal(screen.text, "", "nothing is waited for any more");
  });

  it("begins anew after each word of the command", async () => {
    await using screen = new Screen();
    const { work, end } = held();
    const done = traced({ kind: "phase", what: "evaluate" }, work);
    screen.wait(1.5);
    screen.terminal.tell("galena: evaluated");
    screen.wait(1.5);
    assert.equal(screen.text, "galena: evaluated\n");
    screen.wait(0.5);
    assert.equal(screen.text, "still: evaluate (3 s)\n");
    end();
    await done;
  });

  it("is one line on a terminal, which goes before anything else is said and when the command ends", async () => {
    const screen = new Screen({ isTTY: true, columns: 24 });
    const { work, end } = held();
    const done = traced({ kind: "phase", subject: "galena", what: "a phase with a long name" }, work);
    screen.wait(2);
    assert.equal(screen.text, "still: galena: a phase ", "no longer than a row, or it could not be taken back");
    screen.terminal.answer("galena: switched");
    assert.equal(screen.text, `${erased}galena: switched\n`);
    screen.wait(2);
    await screen[Symbol.asyncDispose]();
    assert.equal(screen.text, `still: galena: a phase ${erased}`);
    end();
    await done;
  });

  it("is not told while somebody is asked, or another program has the terminal", async () => {
    await using screen = new Screen({ isTTY: true });
    const { work, end } = held();
    const evaluation = traced({ kind: "phase", what: "evaluate" }, work);
    const answer = held();
    const asked = traced({ kind: "question", what: "Deploy galena?" }, answer.work);
    screen.wait(60);
    assert.equal(screen.text, "");
    answer.end();
    await asked;
    screen.wait(2);
    assert.equal(screen.text, "still: evaluate (62 s)");
    end();
    await evaluation;
  });

  it("is told at once of what computes and leaves no time for a word", async () => {
    await using screen = new Screen({ isTTY: true });
    await traced({ kind: "phase", what: "check types", isBusy: true }, async () => undefined);
    screen.terminal.tell("written");
    assert.equal(screen.text, `check types …${erased}written\n`);
  });

  describe("for a program", () => {
    const folders: string[] = [];
    afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

    it("is told by its name, whatever it is called for", async () => {
      const folder = await mkdtemp(join(tmpdir(), "still-"));
      folders.push(folder);
      const nix = join(folder, "nix");
      await writeFile(nix, "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
      await using screen = new Screen();
      const stopped = new AbortController();
      const request = { file: nix, args: ["eval", "--json"], env: process.env, deadlineMs: 600_000, graceMs: 1_000 };
      const running = runProcess({ ...request, maxStdoutBytes: 1 }, stopped.signal);
      await Promise.resolve(); // its arguments are known when it was spawned
      screen.wait(2);
      assert.equal(screen.text, "still: nix eval (2 s)\n");
      stopped.abort();
      assert.equal((await running).killed, "aborted");
      screen.wait(60);
      assert.equal(screen.text, "");
    });
  });
});
