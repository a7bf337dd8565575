import { Command, InvalidArgumentError } from "commander";
import { exampleHosts } from "../sim/hosts/host-spec.ts";
import { compositionFigures, renderComposition } from "./composition/composition-figures.ts";
import { measureComposition, planComposition } from "./composition/run-composition.ts";
import { linkProfiles } from "./link/link-profile.ts";
import { benchMemory } from "./push/memory.ts";
import { planTrials, pushSets } from "./push/plan.ts";
import { figuresOf, renderFigures } from "./push/render-results.ts";
import { type Measured, runBench } from "./push/run-bench.ts";
import { parseShare } from "./scale/hosts/faults.ts";
import { benchScale, type PreviewOptions } from "./scale/preview.ts";
import { benchUp, type UpOptions } from "./scale/up.ts";
import { measureStatus } from "./status/measure-status.ts";
import { renderStatusFigures, statusFigures } from "./status/render-status.ts";
import { quickSizes, wholeSizes } from "./synthetic/closures.ts";
import { removeClosures } from "./synthetic/operator-store.ts";

interface PushBenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  readonly runs?: number;
  readonly link: readonly string[];
  readonly set: readonly string[];
}

/** `npm run bench -- push`. */
async function benchPush(options: PushBenchOptions): Promise<void> {
  const { quick, json, keep, runs = quick ? 3 : 5 } = options;
  const all = pushSets(quick ? quickSizes : wholeSizes);
  const links = linkProfiles.filter(
    ({ name }) => options.link.length === 0 || options.link.some((part) => name.includes(part)),
  );
  const sets = all.filter(({ name }) => options.set.length === 0 || options.set.includes(name));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(3 * 3600_000)]);
  const tell = (line: string): void => console.error(`bench: ${line}`);
  const measured: Measured[] = [];
  try {
    for await (const group of runBench(planTrials(links, sets), runs, tell, signal)) measured.push(...group);
  } finally {
    // What was measured before a failure is an answer, too.
    const figures = figuresOf(measured);
    console.log(json ? JSON.stringify({ quick, runs, figures }, null, 2) : renderFigures(figures));
    if (json) console.error(`\n${renderFigures(figures)}`);
    const closures = sets.flatMap(({ closure, before }) => (before === undefined ? [closure] : [closure, before]));
    if (!keep) await removeClosures(closures, AbortSignal.timeout(300_000));
  }
}

interface CompositionBenchOptions {
  readonly json: boolean;
  readonly runs: number;
  readonly machines: number;
  readonly entries: number;
}

/** `npm run bench -- composition`. */
async function benchComposition({ json, runs, machines, entries }: CompositionBenchOptions): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(1800_000)]);
  const tell = (line: string): void => console.error(`bench: ${line}`);
  const figures = compositionFigures(await measureComposition(planComposition(machines, entries), runs, tell, signal));
  console.log(json ? JSON.stringify({ runs, ...figures }, null, 2) : renderComposition(figures));
}

/** `npm run bench -- status`. */
async function benchStatus({ json, runs }: Pick<CompositionBenchOptions, "json" | "runs">): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(1800_000)]);
  const samples = await measureStatus(runs, (line) => console.error(`bench: ${line}`), signal);
  const figures = statusFigures(exampleHosts.length, samples);
  console.log(json ? JSON.stringify({ runs, ...figures }, null, 2) : renderStatusFigures(figures));
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

await new Command("bench")
  .description("measurements against the tools that people use; real sshd, real Nix, simulated host")
  .addCommand(
    new Command("push")
      .description(
        "fleet push against nix copy, interleaved: direct, 50 ms at 1 Gbit/s, 20 ms at 100, 30 ms at 20 Mbit/s",
      )
      .option("--quick", "sets of a tenth of the size, three rounds", false)
      .option("--json", "figures as JSON", false)
      .option("--runs <n>", "rounds (default: 5)", (text) => count(text))
      .option("--link <part>", "only links whose name has this part; may be repeated", several, [])
      .option(
        "--set <name>",
        "only this set: small, large, mixed, rebuilt, no-op, subset; may be repeated",
        several,
        [],
      )
      .option("--keep", "leave the synthetic closures in the store for the next time", false)
      .action(benchPush),
  )
  .addCommand(
    new Command("memory")
      .description("memory of a push while it lasts: 2 GB to one host, and to ten hosts at once")
      .option("--keep", "leave the synthetic closures in the store for the next time", false)
      .action(async ({ keep }: { readonly keep: boolean }) => {
        const tell = (line: string): void => console.error(`bench: ${line}`);
        console.log(await benchMemory(keep, tell, AbortSignal.timeout(1800_000)));
      }),
  )
  .addCommand(
    new Command("status")
      .description("fleet status of ten simulated hosts, in turns with OpenSSH asking each one question")
      .option("--json", "figures as JSON", false)
      .option("--runs <n>", "rounds", (text) => count(text), 5)
      .action(benchStatus),
  )
  .addCommand(
    new Command("composition")
      .description(
        "reading and checking a fleet: the example, and synthetic ones up to 1,000 machines; no host, no build",
      )
      .option("--json", "figures as JSON", false)
      .option("--runs <n>", "rounds", (text) => count(text), 5)
      .option("--machines <n>", "of the largest synthetic fleet, at least 10", (text) => count(text, 10), 1000)
      .option("--entries <n>", "that each machine of a synthetic fleet imports", (text) => count(text), 200)
      .action(benchComposition),
  )
  .addCommand(
    new Command("scale")
      .description("pulumi preview of deployed fleets in which nothing changes, every host answering; no root")
      .option("--json", "figures as JSON", false)
      .option("--size <n>", "machines of a fleet; may be repeated (default: 100, 300, 1000)", sizes, [])
      .option("--entries <n>", "that each machine imports", (text) => count(text), 200)
      .option("--runs <n>", "previews of each fleet", (text) => count(text), 1)
      .option(
        "--split <n>",
        "stacks into which the largest fleet is parted as well; 1: it is not",
        (text) => count(text),
        4,
      )
      .action((options: PreviewOptions) => {
        const size = options.size.length === 0 ? [100, 300, 1000] : options.size;
        const interrupted = new AbortController();
        process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
        const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(3600_000)]);
        return benchScale({ ...options, size }, (line) => console.error(`bench: ${line}`), signal);
      }),
  )
  .addCommand(
    new Command("scale-up")
      .description(
        "pulumi up with all machines at once, on stub hosts of which some fail; a quarter, half and all of them",
      )
      .option("--json", "figures as JSON", false)
      .option("--machines <n>", "of the largest fleet", (text) => count(text), 100)
      .option("--fail <share>", "of the hosts that fail: 5% or 0.05", parseShare, 0.05)
      .action((options: UpOptions) => {
        const interrupted = new AbortController();
        process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
        const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(1800_000)]);
        return benchUp(options, (line) => console.error(`bench: ${line}`), signal);
      }),
  )
  .parseAsync();

function sizes(text: string, before: readonly number[]): readonly number[] {
  return [...before, count(text)];
}

function count(text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new InvalidArgumentError(`expected a whole number, at least ${least}`);
  return value;
}
