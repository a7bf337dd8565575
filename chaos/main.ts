import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { runLaboratory, untilInterrupted } from "../sim/laboratory-command.ts";
import { Laboratory } from "./laboratory.ts";
import { hostSpecs } from "./machines.ts";
import { type Batch, planRuns, renderFault, renderMoment } from "./plan-runs.ts";
import { renderReliability, summarise } from "./reliability.ts";
import { type RunResult, renderSum } from "./results.ts";

// `npm run chaos`. Exit 0: every run ended as declared; 1: one did not; 2: wrong usage; 130: interrupted.

interface ChaosOptions {
  readonly runs: number;
  readonly seed: number;
  readonly only?: number;
  readonly table?: string;
  readonly json: boolean;
}

const interrupted = untilInterrupted();

async function chaos(options: ChaosOptions, command: Command): Promise<void> {
  const { runs, seed, only, table, json } = options;
  if (only !== undefined && only > runs)
    command.error(`error: --only ${only} is none of ${runs} runs`, { exitCode: 2 });
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(6 * 3600_000)]);
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const results: RunResult[] = [];
  await using laboratory = await Laboratory.open(hostSpecs, signal);
  for (const batch of chosen({ runs, seed, ...(only === undefined ? {} : { only }) })) {
    for (const result of await laboratory.run(batch, signal)) {
      tell(result, seed, runs);
      results.push(result);
    }
    console.error(`chaos: ${results.length} runs in ${seconds().toFixed(0)} s: ${renderSum(results)}`);
  }
  if (table !== undefined) {
    const versions = await laboratory.versions(signal);
    await writeFile(table, renderReliability(summarise(results, { seed, seconds: seconds(), versions })));
  }
  if (json) console.log(JSON.stringify({ schema: 1, seed, results }, null, 2));
  console.log(renderSum(results));
  if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

function chosen({ runs, seed, only }: Pick<ChaosOptions, "runs" | "seed" | "only">): readonly Batch[] {
  const names = hostSpecs.map(({ name }) => name);
  return planRuns(seed, runs, names)
    .map((batch) => ({ ...batch, runs: batch.runs.filter(({ number }) => only === undefined || number === only) }))
    .filter((batch) => batch.runs.length > 0);
}

function tell(result: RunResult, seed: number, runs: number): void {
  const { number, machine, way, fault, at, unhealthy, struckAt, problems, words } = result;
  const what = `${renderFault(fault)} ${renderMoment(at)}, hit at ${struckAt ?? "nothing"}`;
  console.error(
    `run ${number}: ${machine}, ${way}${unhealthy ? ", unhealthy" : ""}: ${what}: ${result.interrupted}, then ${result.next}`,
  );
  if (problems.length === 0) return;
  for (const line of [...problems, ...words]) console.error(`  ${line.replaceAll("\n", "\n  ")}`);
  console.error(`  to repeat it: npm run chaos -- --seed ${seed} --runs ${runs} --only ${number}`);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number, at least 1");
  return value;
}

await runLaboratory(
  new Command("chaos")
    .description(
      "faults at every step of deployments to simulated hosts, each followed by a plain up that must end as declared",
    )
    .option("--runs <n>", "how many", count, 200)
    .option("--seed <n>", "which faults, when", count, 1)
    .option("--only <run>", "this run alone, by its number", count)
    .option("--table <file>", "write the table of docs/reliability.md there")
    .option("--json", "results as JSON", false)
    .action(chaos),
  interrupted,
);
