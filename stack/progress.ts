import type { FleetEvent } from "../report.ts";

interface Rate {
  /** Units per second since the phase began; absent: too early to say. */
  readonly perSecond?: number;
  /** Seconds until the end at this rate. */
  readonly secondsLeft?: number;
}

/** How fast counted work goes, by machine and phase. */
export class Throughput {
  readonly #began = new Map<string, { readonly at: number; readonly done: number }>();

  /** @param nowMs - of a clock that only goes forward. */
  rate({ subject, phase, progress }: FleetEvent, nowMs: number): Rate {
    if (progress === undefined) return {};
    const key = JSON.stringify([subject, phase, progress.unit]);
    const began = this.#began.get(key);
    if (began === undefined || progress.done < began.done) {
      this.#began.set(key, { at: nowMs, done: progress.done });
      return {};
    }
    const seconds = (nowMs - began.at) / 1000;
    const done = progress.done - began.done;
    if (seconds < 1 || done === 0) return {};
    const perSecond = done / seconds;
    return { perSecond, secondsLeft: Math.max(0, progress.total - progress.done) / perSecond };
  }
}

/** `12.3 of 45.6 MB, 5.1 MB/s, 7 s left`, after what the event says itself. */
export function renderProgress({ message, progress }: FleetEvent, { perSecond, secondsLeft }: Rate): string {
  // Who knows its numbers better says them itself.
  if (progress === undefined || /\d(?: [KMG]?i?B)? of \d/.test(message)) return message;
  const { done, total, unit } = progress;
  const counted = unit === "bytes" ? `${megabytes(done)} of ${megabytes(total)} MB` : `${done} of ${total} ${unit}`;
  const speed = perSecond === undefined || unit !== "bytes" ? [] : [`${megabytes(perSecond)} MB/s`];
  const left = secondsLeft === undefined || done >= total ? [] : [`${renderSeconds(secondsLeft)} left`];
  return [message, counted, ...speed, ...left].filter((part) => part !== "").join(", ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function renderSeconds(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
