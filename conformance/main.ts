import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { FleetError } from "../errors.ts";
import { compareConversion } from "./conversion/compare-conversion.ts";
import { compareFleet } from "./flake/compare-fleet.ts";
import { type FlakeCheckouts, findInputs } from "./inputs.ts";
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
    const inputs = findInputs(folder);
    const agreement = await compareModuleSets(inputs.lib, { cases, seed }, AbortSignal.timeout(1800_000));
    console.log(renderAgreement(agreement, seed));
    const conversionAgrees = await conversionConforms(inputs.lib);
    const fleetAgrees = await flakeConforms(inputs.flake);
    if (!isConform(agreement) || !conversionAgrees || !fleetAgrees) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

async function conversionConforms(lib: string): Promise<boolean> {
  const { entries, converted, differences } = await compareConversion(
    resolve(import.meta.dirname, ".."),
    lib,
    AbortSignal.timeout(600_000),
  );
  console.log(
    `conversion: ${entries} entries, moved from Nix to ${converted} definitions in TypeScript; ${differences.length} differ`,
  );
  for (const difference of differences) console.log(`  ${difference}`);
  return differences.length === 0;
}

async function flakeConforms(checkouts: FlakeCheckouts | undefined): Promise<boolean> {
  if (checkouts === undefined) {
    console.log("flake: skipped: flake-parts/, import-tree/ and clan-core/ are not all there");
    return true;
  }
  const root = resolve(import.meta.dirname, "..");
  const { machines, fields, classPairs, differences } = await compareFleet(
    root,
    checkouts,
    AbortSignal.timeout(600_000),
  );
  console.log(
    `flake: ${machines} machines, ${fields} fields and all import graphs read back, ${classPairs} pairs of classes, entries by several chains; ${differences.length} differ`,
  );
  for (const difference of differences) console.log(`  ${difference}`);
  return differences.length === 0;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number, at least 1");
  return value;
}

await new Command("conformance")
  .description(
    "the composition against the real module system: generated module sets, converted entries and the emitted flake must come out alike",
  )
  .option(
    "--inputs <dir>",
    "folder with nixpkgs/ or nixpkgs-lib/, and flake-parts/, import-tree/, clan-core/; without it nothing is compared",
  )
  .option("--cases <n>", "module sets", count, 1000)
  .option("--seed <n>", "the same seed gives the same module sets", count, 1)
  .action(conformance)
  .parseAsync();
