import { type UpFigures, upFigures } from "./up-figures.ts";
import { renderUp } from "./up-report.ts";
import { runUp, wholeClosure } from "./up-run.ts";

/** `npm run bench -- scale-up`. */
export interface UpOptions {
  /** Of the largest fleet; half and a quarter of it are updated before. */
  readonly machines: number;
  /** Share of the hosts with a fault. */
  readonly fail: number;
  readonly json: boolean;
}

/**
 * Updates fleets of a quarter, half and all of the machines, each at once, and prints what came of it.
 * @throws {Error} something is not as it should be; the figures are printed all the same.
 */
export async function benchUp({ machines, fail, json }: UpOptions, tell: (line: string) => void, signal: AbortSignal) {
  const sizes = [...new Set([0.25, 0.5, 1].map((part) => Math.max(1, Math.round(machines * part))))];
  const updates: UpFigures[] = [];
  try {
    for (const count of sizes) {
      const trial = { machines: count, parallel: count, fail, seed: 1, closure: wholeClosure };
      updates.push(upFigures(await runUp(trial, tell, signal)));
    }
  } finally {
    console.log(json ? JSON.stringify({ updates }, null, 2) : renderUp(updates));
  }
  const wrong = updates.flatMap((update) => update.wrong);
  if (wrong.length > 0) throw new Error(`not as it should be: ${wrong.join("; ")}`);
}
