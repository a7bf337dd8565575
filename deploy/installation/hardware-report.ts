import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the tool writes its report. Disposal removes it. */
export interface HardwareReport extends AsyncDisposable {
  readonly file: string;
  /** Copies what was written to the operator's file. */
  keep(target: string): Promise<void>;
}

/** The tool adds the report to the git repository in which it lies: not in the operator's. */
export async function openHardwareReport(): Promise<HardwareReport> {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-clan-report-"));
  const file = join(folder, "facter.json");
  return {
    file,
    keep: async (target) => writeFile(target, await readFile(file)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
