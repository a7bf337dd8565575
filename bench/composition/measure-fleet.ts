/** Measured alone in its process: `node measure-fleet.ts <root>` reads and checks a fleet once, and prints a sample. */
import { fleetContext } from "../../clan/checks/fleet-context.ts";
import { runChecks } from "../../clan/checks/run-checks.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import type { CompositionSample } from "./sample.ts";

const [root = "."] = process.argv.slice(2);
const signal = AbortSignal.timeout(300_000);

// `performance.now()` counts from the start of the process.
const loaded = { ms: performance.now(), cpu: process.cpuUsage() };
const fleet = await readFleet(root);
const read = performance.now();
const { context, suppressions } = await fleetContext(fleet, new Map(), signal);
const findings = runChecks(context, suppressions);
const checked = performance.now();
const cpu = process.cpuUsage(loaded.cpu);
const processCpu = process.cpuUsage();

const sample: CompositionSample = {
  machines: Object.keys(fleet.model.machines).length,
  findings: findings.length,
  startSeconds: loaded.ms / 1000,
  readSeconds: (read - loaded.ms) / 1000,
  checkSeconds: (checked - read) / 1000,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  processCpuSeconds: (processCpu.user + processCpu.system) / 1e6,
  // In KiB. Source: Node 24, process.resourceUsage.
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
};
console.log(JSON.stringify(sample));
