import { median } from "../measure/statistics.ts";
import { missingBytes, type Way } from "./plan.ts";
import type { Measured } from "./run-bench.ts";

/** Medians of one cell. What a way cannot tell is null. */
export interface Figure {
  readonly link: string;
  readonly set: string;
  /** What is missing on the host. */
  readonly description: string;
  readonly megabytes: number;
  readonly way: Way;
  readonly runs: number;
  readonly seconds: number;
  readonly fastest: number;
  readonly cpuSeconds: number;
  readonly hostCpuSeconds: number | null;
  readonly peakRssMb: number;
  readonly sentMb: number | null;
  readonly roundTrips: number | null;
  readonly rssGrowthMb: number | null;
  readonly loopDelayMs: { readonly p99: number; readonly max: number } | null;
  readonly backend: string | null;
  /** How many times as long the other ways take; of ours only. */
  readonly ratios: Readonly<Partial<Record<Way, number>>>;
}

export function figuresOf(measured: readonly Measured[]): readonly Figure[] {
  return measured.map((one) => {
    const { link, set, way, samples } = one;
    const of = (read: (sample: (typeof samples)[number]) => number | null | undefined): number | null => {
      const values = samples.map(read).filter((value) => typeof value === "number");
      return values.length === 0 ? null : median(values);
    };
    const worst = samples.flatMap(({ engine }) => (engine === undefined ? [] : [engine.loopDelayMs]));
    const sent = of(({ engine }) => engine?.result.bytesSent);
    const growth = of(({ engine, peakRssBytes }) => engine && peakRssBytes - engine.rssBeforeBytes);
    return {
      link: link.name,
      set: set.name,
      description: set.description,
      megabytes: missingBytes(set) / 1e6,
      way,
      runs: samples.length,
      seconds: median(samples.map(({ seconds }) => seconds)),
      fastest: Math.min(...samples.map(({ seconds }) => seconds)),
      cpuSeconds: median(samples.map(({ cpuSeconds }) => cpuSeconds)),
      hostCpuSeconds: of(({ hostCpuSeconds }) => hostCpuSeconds),
      peakRssMb: median(samples.map(({ peakRssBytes }) => peakRssBytes)) / 1e6,
      sentMb: sent === null ? null : sent / 1e6,
      roundTrips: of(({ engine }) => engine?.result.roundTrips),
      rssGrowthMb: growth === null ? null : growth / 1e6,
      loopDelayMs:
        worst.length === 0
          ? null
          : { p99: Math.max(...worst.map(({ p99 }) => p99)), max: Math.max(...worst.map(({ max }) => max)) },
      backend: samples[0]?.engine?.result.backend ?? null,
      ratios: ratiosOf(one, measured),
    };
  });
}

function ratiosOf(ours: Measured, measured: readonly Measured[]): Figure["ratios"] {
  if (!ours.way.startsWith("ours")) return {};
  const time = (one: Measured): number => median(one.samples.map(({ seconds }) => seconds));
  const others = measured.filter(
    ({ link, set, way }) => link === ours.link && set === ours.set && !way.startsWith("ours"),
  );
  return Object.fromEntries(others.map((other) => [other.way, time(other) / time(ours)]));
}

const names: Readonly<Record<Way, string>> = {
  ours: "ours",
  "ours-full": "ours, in full",
  "ours-pooled": "ours, open connection",
  "ssh-ng": "nix copy ssh-ng://",
  ssh: "nix copy ssh://",
};

/** Markdown: a table per link, and one of what the engine costs its process. */
export function renderFigures(figures: readonly Figure[]): string {
  const links = [...new Set(figures.map(({ link }) => link))];
  const tables = links.map((link) => `### ${link}\n\n${timesTable(figures.filter((figure) => figure.link === link))}`);
  return [...tables, `### Memory and event loop\n\n${engineTable(figures)}`].join("\n\n");
}

function timesTable(figures: readonly Figure[]): string {
  const head = [
    "set",
    "way",
    "seconds (fastest)",
    "ssh-ng / ours",
    "ssh / ours",
    "CPU s",
    "host's CPU s",
    "peak RSS MB",
    "sent MB",
    "round trips",
  ];
  const rows = figures.map((figure) => [
    `${figure.set}: ${figure.description}, ${figure.megabytes.toFixed(0)} MB`,
    names[figure.way],
    `${figure.seconds.toFixed(2)} (${figure.fastest.toFixed(2)})`,
    times(figure.ratios["ssh-ng"]),
    times(figure.ratios.ssh),
    figure.cpuSeconds.toFixed(2),
    figure.hostCpuSeconds?.toFixed(2) ?? "",
    figure.peakRssMb.toFixed(0),
    figure.sentMb?.toFixed(1) ?? "",
    figure.roundTrips?.toFixed(0) ?? "",
  ]);
  return markdown(head, rows);
}

function engineTable(figures: readonly Figure[]): string {
  const head = ["link", "set", "backend", "RSS over baseline, MB", "event loop delay p99, ms", "worst, ms"];
  const rows = figures.flatMap(({ link, set, way, backend, rssGrowthMb, loopDelayMs }) =>
    way === "ours" && loopDelayMs !== null
      ? [
          [
            link,
            set,
            backend ?? "",
            rssGrowthMb?.toFixed(0) ?? "",
            loopDelayMs.p99.toFixed(0),
            loopDelayMs.max.toFixed(0),
          ],
        ]
      : [],
  );
  return markdown(head, rows);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? "" : `${ratio.toFixed(2)}×`;
}
