// Brings what is missing, in order, each step once: `npm run setup [-- --check] [--quiet]`.
import { join } from "node:path";
import { cache, folder, SetupError } from "./context.mjs";
import { lock } from "./lock.mjs";
import { say } from "./run.mjs";
import { baseRootStep } from "./steps/base-root.mjs";
import { debianPackages } from "./steps/debian-packages.mjs";
import { nix } from "./steps/nix.mjs";
import { node } from "./steps/node.mjs";
import { npmPackages } from "./steps/npm-packages.mjs";
import { pulumiCli } from "./steps/pulumi-cli.mjs";

/** @type {readonly import("./step.mjs").Step[]} in order: the base root needs the tools, Nix the base root */
const steps = [npmPackages, node, debianPackages, baseRootStep, nix, pulumiCli];

/** Steps that this system needs and that are not there; says of each what it found. @param {boolean} quiet */
function missingSteps(quiet) {
  return steps.filter((step) => {
    const started = performance.now();
    const reason = step.skip?.();
    const { there, what } = reason === undefined ? step.check() : { there: true, what: `skipped: ${reason}` };
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (there && !quiet) say(`${step.title}: ${reason === undefined ? "already there: " : ""}${what} (${seconds} s)`);
    return !there;
  });
}

/** @param {import("./step.mjs").Step} step */
async function bring(step) {
  const started = performance.now();
  say(`${step.title}: ${step.doing}`);
  await step.make();
  const { there, what } = step.check();
  if (!there) throw new SetupError(`${step.title} is still missing`, what, `see the logs in ${join(cache, "logs")}`);
  say(`${step.title}: done: ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** @param {readonly string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const unknown = args.find((arg) => arg !== "--check" && arg !== "--quiet");
  if (unknown !== undefined) {
    say(`unknown option ${unknown}; usage: npm run setup [-- --check] [--quiet]`);
    return 2;
  }
  const quiet = args.includes("--quiet");
  const missing = missingSteps(quiet);
  if (args.includes("--check")) {
    for (const { title, check } of missing) say(`${title}: missing: ${check().what}; it comes with: npm run setup`);
    return missing.length === 0 ? 0 : 1;
  }
  if (missing.length === 0) return 0;
  const prerequisites = missing.flatMap((step) => step.prerequisites?.() ?? []);
  for (const { message } of prerequisites) process.stderr.write(`setup: ${message}\n`);
  if (prerequisites.length > 0) return 1;
  await lock(join(folder(cache), "setup.lock"), say);
  for (const step of missing) if (!step.check().there) await bring(step); // another setup may have brought it meanwhile
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
