import type { Work, WorkEvent } from "../trace.ts";

const mostShown = 3;

/** What has begun and not ended, in words for whoever waits for it. */
export class UnderWay {
  readonly #began = new Map<Work, number>();

  /** @param nowMs - of a clock that only goes forward. */
  observe({ kind, work }: WorkEvent, nowMs: number): void {
    if (kind === "began") this.#began.set(work, nowMs);
    else this.#began.delete(work);
  }

  /** Somebody is asked, or another program has the terminal: nothing may be written between. */
  get isAsking(): boolean {
    return [...this.#began.keys()].some(({ kind }) => kind === "question");
  }

  /**
   * `galena: push (12 s), stibnite: connect (3 s)`, the oldest first; undefined: nothing is under way.
   * Of what is nested the innermost phase is told; programs and hosts only where no phase says what they are for.
   */
  words(nowMs: number): string | undefined {
    const phases = this.#of("phase");
    const shown = innermost(phases.length > 0 ? phases : [...this.#of("ssh"), ...this.#of("process")]);
    if (shown.length === 0) return undefined;
    const words = shown.slice(0, mostShown).map(([work, at]) => {
      const seconds = Math.floor((nowMs - at) / 1000);
      return seconds < 1 ? nameOf(work) : `${nameOf(work)} (${seconds} s)`;
    });
    const more = shown.length - words.length;
    return [...words, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  }

  #of(kind: Work["kind"]): [Work, number][] {
    return [...this.#began].filter(([work]) => work.kind === kind);
  }
}

/** The last begun of each subject, in the order in which they began. */
function innermost(works: readonly (readonly [Work, number])[]): (readonly [Work, number])[] {
  const last = new Map<string | undefined, readonly [Work, number]>();
  for (const one of works) last.set(one[0].subject, one);
  const named = [...last.values()].filter(([{ subject }]) => subject !== undefined);
  const whole = last.get(undefined);
  // A part of the run is told beside machines only where it is not what they are done for.
  const shown = whole === undefined || named.length > 0 ? named : [whole];
  return shown.toSorted(([, one], [, other]) => one - other);
}

function nameOf({ kind, subject, what }: Work): string {
  const words = kind === "process" ? shortCommand(what) : what;
  return subject === undefined ? words : `${subject}: ${words}`;
}

/** `nix --option a b eval --json …` → `nix eval`. */
function shortCommand(command: string): string {
  const [program = "", ...rest] = command.split(" ");
  const verb = rest.find((word) => /^[a-z][a-z-]*$/.test(word));
  return verb === undefined ? program : `${program} ${verb}`;
}
