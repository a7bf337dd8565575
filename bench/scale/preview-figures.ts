import { fittedExponent, median } from "../measure/statistics.ts";
import type { MeasuredPreview, PreviewSample } from "./preview-run.ts";

/** One fleet in numbers. Times in seconds, memory in bytes; medians of the rounds. */
export interface PreviewFigure {
  readonly machines: number;
  readonly entries: number;
  readonly stacks: number;
  readonly rounds: number;
  /** Reading and checking the fleet, in a process of its own. */
  readonly compositionSeconds: number;
  readonly compositionPeakBytes: number;
  /** The first preview, which evaluates every machine. */
  readonly firstSeconds: number;
  /** The preview in which nothing changes: of all stacks one after the other, and of the slowest. */
  readonly seconds: number;
  readonly slowestStackSeconds: number;
  readonly cpuSeconds: number;
  /** Not within the former: of the hosts on the same processors. */
  readonly hostsCpuSeconds: number;
  /** Of everything that one `pulumi preview` is, at the worst moment of the worst stack; and of single processes. */
  readonly peakTogetherBytes: number;
  readonly peakBytes: Readonly<Record<string, number>>;
  readonly stateBytesPerMachine: number;
}

export interface PreviewFigures {
  readonly fleets: readonly PreviewFigure[];
  /** `y ~ machines^exponent` over the fleets in one stack. Absent: fewer than two of them. */
  readonly exponents?: { readonly seconds: number; readonly cpuSeconds: number; readonly peakBytes: number };
}

export function previewFigures(measured: readonly MeasuredPreview[]): PreviewFigures {
  const fleets = measured.map(figureOf);
  const whole = fleets.filter(({ stacks }) => stacks === 1);
  if (new Set(whole.map(({ machines }) => machines)).size < 2) return { fleets };
  const exponent = (of: (figure: PreviewFigure) => number): number =>
    fittedExponent(whole.map((figure) => [figure.machines, of(figure)]));
  return {
    fleets,
    exponents: {
      seconds: exponent(({ seconds }) => seconds),
      cpuSeconds: exponent(({ cpuSeconds }) => cpuSeconds),
      peakBytes: exponent(({ peakTogetherBytes }) => peakTogetherBytes),
    },
  };
}

function figureOf({ trial, composition, firstSeconds, stateBytes, samples }: MeasuredPreview): PreviewFigure {
  const ofStacks = Map.groupBy(samples, ({ stack }) => stack);
  const stacks = [...ofStacks.values()];
  const medians = (of: (sample: PreviewSample) => number): readonly number[] =>
    stacks.map((rounds) => median(rounds.map(of)));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const processes = [...new Set(samples.flatMap(({ usage }) => Object.keys(usage.named)))];
  return {
    ...trial,
    rounds: Math.min(...stacks.map(({ length }) => length)),
    compositionSeconds: composition.readSeconds + composition.checkSeconds,
    compositionPeakBytes: composition.peakRssBytes,
    firstSeconds,
    seconds: sum(medians(({ seconds }) => seconds)),
    slowestStackSeconds: most(medians(({ seconds }) => seconds)),
    cpuSeconds: sum(medians(({ cpuSeconds }) => cpuSeconds)),
    hostsCpuSeconds: sum(medians(({ hostsCpuSeconds }) => hostsCpuSeconds)),
    peakTogetherBytes: most(medians(({ usage }) => usage.peakTogetherBytes)),
    peakBytes: Object.fromEntries(
      processes.map((name) => [name, most(medians(({ usage }) => usage.named[name]?.peakRssBytes ?? 0))]),
    ),
    stateBytesPerMachine: stateBytes / trial.machines,
  };
}

/** A table in Markdown, and the growth below. */
export function renderPreview({ fleets, exponents }: PreviewFigures): string {
  const rows = fleets.map((figure) => {
    const { peakBytes, stateBytesPerMachine } = figure;
    const seconds = [
      figure.compositionSeconds,
      figure.firstSeconds,
      figure.seconds,
      figure.cpuSeconds,
      figure.hostsCpuSeconds,
    ];
    const megabytes = [
      figure.peakTogetherBytes,
      ...["program", "engine", "provider"].map((name) => peakBytes[name] ?? 0),
    ];
    const name = `${figure.machines} in ${figure.stacks}`;
    const cells = [
      name,
      ...seconds.map((value) => value.toFixed(1)),
      ...megabytes.map((bytes) => Math.round(bytes / 1e6)),
      (stateBytesPerMachine / 1e3).toFixed(1),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| machines in stacks | composition, s | first preview, s | preview, s | CPU, s | hosts' CPU, s | most memory, MB | program, MB | engine, MB | provider, MB | state of a machine, kB |",
    `|${" --- |".repeat(11)}`,
    ...rows,
    ...(exponents === undefined ? [] : ["", renderGrowth(exponents)]),
  ].join("\n");
}

function renderGrowth({ seconds, cpuSeconds, peakBytes }: NonNullable<PreviewFigures["exponents"]>): string {
  const power = (value: number): string => `machines^${value.toFixed(2)}`;
  return `growth: ${power(seconds)} in time, ${power(cpuSeconds)} in CPU time, ${power(peakBytes)} in memory`;
}
