import { Command, InvalidArgumentError } from "commander";
import { FleetError } from "../errors.ts";
import { findInputs } from "./inputs.ts";
import { compareModuleSets } from "./modules/compare.ts";
import { isConform, renderAgreement } from "./modules/render-agreement.ts";

interface Options {
  readonly inputs?: string;
  readonly cases: number;
  readonly seed: number;
}

/** Exit code 0: everything agrees, or there was nothing to compare with; 1: something does not; 2: it could not be tried. */
async function conformance({ inputs: folder, cases, seed }: Options): Promise<void> {
  if (folder === undefined) {
    console.log("conformance: skipped: no --inputs DIR with checkouts of the real module system was given");
    return;
  }
  try {
    const inputs = await findInputs(folder);
    const agreement = await compareModuleSets(inputs.lib, { cases, seed }, AbortSignal.timeout(1800_000));
    console.log(renderAgreement(agreement, seed));
    if (!isConform(agreement)) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number, at least 1");
  return value;
}

await new Command("conformance")
  .description(
    "the composition against real nixpkgs: generated module sets, evaluated on both sides, must come out alike",
  )
  .option("--inputs <dir>", "folder with nixpkgs/ or nixpkgs-lib/ in it; without it nothing is compared")
  .option("--cases <n>", "module sets", count, 1000)
  .option("--seed <n>", "the same seed gives the same module sets", count, 1)
  .action(conformance)
  .parseAsync();
