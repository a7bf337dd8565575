import { median } from "../measure/statistics.ts";
import type { Contender, StatusSample } from "./measure-status.ts";

/** Medians of one contender's looks. */
export interface StatusFigure extends Omit<StatusSample, "contender"> {
  readonly contender: Contender;
  readonly looks: number;
  /** The slowest look. */
  readonly mostSeconds: number;
}

export interface StatusFigures {
  readonly hosts: number;
  readonly figures: readonly StatusFigure[];
  /** Seconds of `fleet status` over those of `ssh`: medians of looks that were made in turns. */
  readonly ratio: number;
}

/** @throws {RangeError} a contender has no look */
export function statusFigures(hosts: number, samples: readonly StatusSample[]): StatusFigures {
  const figureOf = (contender: Contender): StatusFigure => {
    const own = samples.filter((sample) => sample.contender === contender);
    const of = (value: (sample: StatusSample) => number): number => median(own.map(value));
    return {
      contender,
      looks: own.length,
      seconds: of(({ seconds }) => seconds),
      mostSeconds: Math.max(...own.map(({ seconds }) => seconds)),
      cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
      hostCpuSeconds: of(({ hostCpuSeconds }) => hostCpuSeconds),
    };
  };
  const [ssh, status] = [figureOf("ssh"), figureOf("fleet status")];
  return { hosts, figures: [ssh, status], ratio: status.seconds / ssh.seconds };
}

/** A table in Markdown, and the ratio below. */
export function renderStatusFigures({ hosts, figures, ratio }: StatusFigures): string {
  const rows = figures.map(({ contender, looks, seconds, mostSeconds, cpuSeconds, hostCpuSeconds }) => {
    const times = [seconds, mostSeconds, cpuSeconds, hostCpuSeconds].map((value) => value.toFixed(2));
    return `| ${[contender, looks, ...times].join(" | ")} |`;
  });
  return [
    `| ${hosts} hosts | looks | median, s | slowest, s | CPU of the operator, s | CPU of all hosts, s |`,
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `fleet status takes ${ratio.toFixed(1)} × as long as ssh`,
  ].join("\n");
}
