import { previewFigures, renderPreview } from "./preview-figures.ts";
import { type MeasuredPreview, measurePreview, type PreviewTrial } from "./preview-run.ts";

/** `npm run bench -- scale`. */
export interface PreviewOptions {
  /** Machines of each fleet. */
  readonly size: readonly number[];
  /** That each machine imports. */
  readonly entries: number;
  readonly runs: number;
  /** Into how many stacks the largest fleet is parted as well; 1: it is not. */
  readonly split: number;
  readonly json: boolean;
}

/** Each size in one stack, and the largest in several. */
export function planPreviews({ size, entries, split }: Omit<PreviewOptions, "runs" | "json">): readonly PreviewTrial[] {
  const sizes = [...new Set(size)].toSorted((one, other) => one - other);
  const whole = sizes.map((machines) => ({ machines, entries, stacks: 1 }));
  const largest = sizes.at(-1);
  return largest === undefined || split === 1 ? whole : [...whole, { machines: largest, entries, stacks: split }];
}

/** Previews fleets that are deployed, and prints what that takes; of what was measured before a failure, too. */
export async function benchScale(options: PreviewOptions, tell: (line: string) => void, signal: AbortSignal) {
  const measured: MeasuredPreview[] = [];
  try {
    for (const trial of planPreviews(options)) measured.push(await measurePreview(trial, options.runs, tell, signal));
  } finally {
    const figures = previewFigures(measured);
    console.log(options.json ? JSON.stringify({ runs: options.runs, ...figures }, null, 2) : renderPreview(figures));
  }
}
