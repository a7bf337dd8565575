import type { Report } from "../../report.ts";
import { type PathInfo, sizeOf } from "./path-info.ts";

const reportEveryMs = 250;
// Rate over the last seconds: a link's changes show, a single path's pause does not.
const windowMs = 5_000;

/** What the host has acknowledged, how fast, and how long the rest will take. */
export class PushProgress {
  readonly #report: Report;
  readonly #subject: string;
  readonly #total: number;
  readonly #samples: { readonly at: number; readonly done: number }[];
  #done = 0;
  #reported: number;

  constructor(subject: string, total: number, report: Report) {
    this.#subject = subject;
    this.#total = total;
    this.#report = report;
    this.#reported = performance.now();
    this.#samples = [{ at: this.#reported, done: 0 }];
  }

  /** Acknowledged bytes of archives. */
  get done(): number {
    return this.#done;
  }

  /** What the host turned out to have when it was asked again. */
  setLeft(missing: readonly PathInfo[]): void {
    this.#done = Math.max(this.#done, this.#total - sizeOf(missing));
  }

  added(info: PathInfo): void {
    this.#done += info.narSize;
    const now = performance.now();
    if (now - this.#reported < reportEveryMs && this.#done < this.#total) return;
    this.#reported = now;
    this.#samples.push({ at: now, done: this.#done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > windowMs) this.#samples.shift();
    const progress = { done: this.#done, total: this.#total, unit: "bytes" } as const;
    this.#report({ level: "debug", subject: this.#subject, phase: "push", message: this.#text(now), progress });
  }

  #text(now: number): string {
    const text = `${mebibytes(this.#done)} of ${mebibytes(this.#total)}`;
    const first = this.#samples[0];
    if (first === undefined || now - first.at < 100 || this.#done <= first.done) return text;
    const bytesPerSecond = (this.#done - first.done) / ((now - first.at) / 1000);
    const seconds = (this.#total - this.#done) / bytesPerSecond;
    const left = seconds < 1 ? "" : `, ${renderSeconds(seconds)} left`;
    return `${text}, ${mebibytes(bytesPerSecond)}/s${left}`;
  }
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function renderSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
