import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type FleetSize, writeFleet } from "../synthetic/fleets.ts";
import { type CompositionSample, compositionSampleSchema } from "./sample.ts";

/** What is read and checked in one process. */
export interface CompositionTrial {
  readonly name: string;
  /** Absent: the example fleet of this repository. */
  readonly size?: FleetSize;
}

/** The example, and synthetic fleets between 100 machines and `machines` for the growth. */
export function planComposition(machines: number, entries: number): readonly CompositionTrial[] {
  const sizes = [...new Set([0.1, 0.3, 0.6, 1].map((part) => Math.round(machines * part)))];
  const synthetic = sizes.map((count) => ({
    name: `${count} machines × ${entries} entries`,
    size: { machines: count, entries },
  }));
  return [{ name: "example" }, ...synthetic];
}

export interface MeasuredComposition {
  readonly trial: CompositionTrial;
  /** One per round. */
  readonly samples: readonly CompositionSample[];
}

const packageRoot = join(import.meta.dirname, "../..");
const worker = join(import.meta.dirname, "measure-fleet.ts");
const start = promisify(execFile);

/**
 * Reads and checks each fleet `rounds` times, each time in a process of its own, all fleets in turns. One process before the
 * first round fills what is kept between processes: the kernel's file cache, Node's compile cache where one is set.
 * @throws {Error} a fleet could not be read; what the process said is in the message.
 */
export async function measureComposition(
  trials: readonly CompositionTrial[],
  rounds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly MeasuredComposition[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-composition-"));
  try {
    const roots = trials.map(({ size }, index) => {
      if (size === undefined) return packageRoot;
      const root = join(folder, String(index));
      writeFleet(root, size, packageRoot);
      return root;
    });
    for (const root of roots) await measureOnce(root, signal);
    const samples = trials.map((): CompositionSample[] => []);
    for (let round = 1; round <= rounds; round++) {
      tell(`round ${round} of ${rounds}`);
      for (const [index, root] of roots.entries()) samples[index]?.push(await measureOnce(root, signal));
    }
    return trials.map((trial, index) => ({ trial, samples: samples[index] ?? [] }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOnce(root: string, signal: AbortSignal): Promise<CompositionSample> {
  const { stdout } = await start(process.execPath, [worker, root], { signal, cwd: root });
  return compositionSampleSchema.parse(JSON.parse(stdout));
}
