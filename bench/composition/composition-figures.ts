import { fittedExponent, median } from "../measure/statistics.ts";
import type { MeasuredComposition } from "./run-composition.ts";
import { type CompositionSample, workSeconds } from "./sample.ts";

/** Medians of a fleet's rounds. */
export interface CompositionFigure extends Omit<CompositionSample, "machines" | "findings"> {
  readonly name: string;
  readonly machines: number;
  readonly rounds: number;
}

export interface CompositionFigures {
  readonly fleets: readonly CompositionFigure[];
  /** `time ~ machines^exponent` over the synthetic fleets, of one round each; then the median of the rounds. */
  readonly exponents: { readonly seconds: number; readonly cpuSeconds: number };
}

/** @throws {RangeError} fewer than two synthetic fleets, or none at all. */
export function compositionFigures(measured: readonly MeasuredComposition[]): CompositionFigures {
  const synthetic = measured.filter(({ trial }) => trial.size !== undefined);
  const rounds = Math.min(...synthetic.map(({ samples }) => samples.length));
  const exponent = (of: (sample: CompositionSample) => number): number =>
    median(
      Array.from({ length: rounds }, (_, round) =>
        fittedExponent(
          synthetic.flatMap(({ samples }) => samples.slice(round, round + 1).map((one) => [one.machines, of(one)])),
        ),
      ),
    );
  return {
    fleets: measured.map(figureOf),
    exponents: { seconds: exponent(workSeconds), cpuSeconds: exponent(({ cpuSeconds }) => cpuSeconds) },
  };
}

function figureOf({ trial, samples }: MeasuredComposition): CompositionFigure {
  const of = (value: (sample: CompositionSample) => number): number => median(samples.map(value));
  return {
    name: trial.name,
    machines: of(({ machines }) => machines),
    rounds: samples.length,
    startSeconds: of(({ startSeconds }) => startSeconds),
    readSeconds: of(({ readSeconds }) => readSeconds),
    checkSeconds: of(({ checkSeconds }) => checkSeconds),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    processCpuSeconds: of(({ processCpuSeconds }) => processCpuSeconds),
    peakRssBytes: of(({ peakRssBytes }) => peakRssBytes),
  };
}

/** A table in Markdown, and the growth below. */
export function renderComposition({ fleets, exponents }: CompositionFigures): string {
  const rows = fleets.map((figure) => {
    const { name, startSeconds, readSeconds, checkSeconds, cpuSeconds, processCpuSeconds, peakRssBytes } = figure;
    const both = readSeconds + checkSeconds;
    const times = [startSeconds, readSeconds, checkSeconds, both, cpuSeconds, startSeconds + both, processCpuSeconds];
    const milliseconds = times.map((seconds) => Math.round(seconds * 1000));
    return `| ${[name, ...milliseconds, Math.round(peakRssBytes / 1e6)].join(" | ")} |`;
  });
  return [
    "| fleet | start, ms | reading, ms | checks, ms | both, ms | CPU of both, ms | with the start, ms | CPU with it, ms | peak, MB |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `growth: machines^${exponents.seconds.toFixed(2)} in time, machines^${exponents.cpuSeconds.toFixed(2)} in CPU time`,
  ].join("\n");
}
