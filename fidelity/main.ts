import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { runLaboratory, untilInterrupted } from "../sim/laboratory-command.ts";
import { runScenarios } from "./run-scenarios.ts";
import { renderSum, renderTable, sumOf } from "./table.ts";

// `npm run fidelity`. Exit 0: no plan said anything that was not so; 1: one did; 2: wrong usage; 130: interrupted.

interface FidelityOptions {
  readonly only?: string;
  readonly table?: string;
  readonly json: boolean;
}

const interrupted = untilInterrupted();

async function fidelity({ only, table, json }: FidelityOptions): Promise<void> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(3600_000)]);
  const began = performance.now();
  const told = await runScenarios(
    ({ name }) => only === undefined || name.includes(only),
    ({ name, plan, outcome, statements }) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.error(`${seconds} s: ${name}: planned ${plan.change}, ${outcome ?? "nothing deployed"}`);
      for (const { field, verdict, planned, happened } of statements)
        if (verdict === "wrong")
          console.error(`  wrong: ${field}\n    planned:  ${planned}\n    happened: ${happened}`);
    },
    signal,
  );
  if (table !== undefined) await writeFile(table, renderTable(told));
  if (json) console.log(JSON.stringify({ schema: 1, sum: sumOf(told), scenarios: told }, null, 2));
  else console.log(renderSum(sumOf(told)));
  if (sumOf(told).wrong > 0) process.exitCode = 1;
}

await runLaboratory(
  new Command("fidelity")
    .description("plans against what is then done, field by field, on simulated hosts")
    .option("--only <text>", "scenarios with this in their names; each from the system of the one before it")
    .option("--table <file>", "write docs/preview-fidelity.md there")
    .option("--json", "every statement as JSON", false)
    .action(fidelity),
  interrupted,
);
