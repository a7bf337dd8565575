import { stripVTControlCharacters } from "node:util";
import type { UpFigures } from "./up-figures.ts";

/** A table in Markdown, and below it what became of the hosts with a fault. */
export function renderUp(updates: readonly UpFigures[]): string {
  const rows = updates.map((update) => {
    const { machines, parallel, seconds, longestWaitSeconds, medianWaitSeconds, pushSpreadSeconds } = update;
    const { firstBeganSeconds, lastBeganSeconds, peakTogetherBytes, processes } = update;
    const times = [
      seconds,
      lastBeganSeconds - firstBeganSeconds,
      pushSpreadSeconds,
      longestWaitSeconds,
      medianWaitSeconds,
    ];
    const memory = [peakTogetherBytes, ...names.map((name) => processes[name]?.peakRssBytes ?? 0)];
    return `| ${[
      `${machines}, ${parallel} at once`,
      ...times.map((value) => value.toFixed(1)),
      ...memory.map((bytes) => Math.round(bytes / 1e6)),
      cpuOf(processes),
      `${update.switched} of ${machines}`,
    ].join(" | ")} |`;
  });
  const head = [
    "machines",
    "time, s",
    "first to last host begun, s",
    "first to last push, s",
    "longest wait, s",
    "median wait, s",
    "peak together, MB",
    ...names.map((name) => `${name}, MB`),
    "CPU of provider, Nix, program, engine, s",
    "switched",
  ];
  const table = [`| ${head.join(" | ")} |`, `| ${head.map(() => "---").join(" | ")} |`, ...rows];
  return [...table, ...updates.flatMap(failures)].map(stripVTControlCharacters).join("\n");
}

const names = ["provider", "program", "engine"];

/** What provider and program have started is Nix. */
function cpuOf({ provider, program, engine }: UpFigures["processes"]): string {
  const nix = (provider?.childrenCpuSeconds ?? 0) + (program?.childrenCpuSeconds ?? 0);
  const seconds = [provider?.cpuSeconds, nix, program?.cpuSeconds, engine?.cpuSeconds];
  return seconds.map((value) => (value ?? 0).toFixed(0)).join(", ");
}

function failures({ machines, failed, wrong }: UpFigures): readonly string[] {
  const kinds = [...new Set(failed.map(({ fault }) => fault))].map((fault) => {
    const those = failed.filter((one) => one.fault === fault);
    return `${those.length} ${fault} (${[...new Set(those.map(({ outcome }) => outcome))].join(", ")})`;
  });
  return [
    "",
    `${machines} machines: failed as they should: ${kinds.join(", ") || "none"}`,
    ...wrong.map((line) => `WRONG: ${line}`),
  ];
}
