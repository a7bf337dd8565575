import { z } from "zod";
import type { OutcomeFacts } from "../deploy/outcome.ts";
import { watchWork } from "../trace.ts";

/** The parts of a deployment that its owner knows, in their order. */
const parts = ["build", "connect", "push", "activate", "health"] as const;
type Part = (typeof parts)[number];

/** Phases of a deployment (deploy/transaction/) → the part of it; every other one is part of the activation. */
const partOf: Readonly<Record<string, Part>> = {
  build: "build",
  connect: "connect",
  facts: "connect",
  push: "push",
  health: "health",
};

/** Where one deployment's time went. It is in the state of every machine: some 80 bytes. */
export const timesSchema = z.object({
  /** Part → seconds, to a tenth; what took less is left out. */
  seconds: z.partialRecord(z.enum(parts), z.number().nonnegative()),
  /** Size of what was pushed, before compression. */
  bytes: z.int().nonnegative(),
});
export type Times = z.output<typeof timesSchema>;

export function timesOf({ seconds, pushedBytes }: Pick<OutcomeFacts, "seconds" | "pushedBytes">): Times {
  const sums = new Map<Part, number>();
  for (const [phase, value] of Object.entries(seconds)) {
    const part = partOf[phase] ?? "activate";
    sums.set(part, (sums.get(part) ?? 0) + value);
  }
  const told = parts.flatMap((part) => {
    const tenths = Math.round((sums.get(part) ?? 0) * 10) / 10;
    return tenths === 0 ? [] : [[part, tenths] as const];
  });
  return { seconds: Object.fromEntries(told), bytes: pushedBytes };
}

/** One machine's deployment in this run. */
export interface MachineTime {
  readonly machine: string;
  /** From its turn to its end. */
  readonly seconds: number;
  /** Absent: not known, it failed. */
  readonly times?: Times | undefined;
  readonly failed?: boolean;
}

/** Parts of the run that belong to no machine → seconds. */
export type RunPhases = Readonly<Record<string, number>>;

const mostMachines = 20;

/**
 * Where the time of a run went, the longest first.
 * @param elapsed - seconds of the whole run; absent: not told.
 */
export function renderTimes(machines: readonly MachineTime[], phases: RunPhases, elapsed?: number): string {
  const before = Object.entries(phases).flatMap(([phase, seconds]) => timed(phase, seconds));
  const sorted = machines.toSorted((one, other) => other.seconds - one.seconds);
  const shown = sorted.slice(0, mostMachines);
  const width = Math.max(...shown.map(({ machine }) => machine.length), "program".length);
  const rows = [
    ...(before.length === 0 ? [] : [["program", before.join(", ")] as const]),
    ...shown.map((one) => [one.machine, renderMachine(one)] as const),
  ];
  const more = sorted.slice(mostMachines);
  const [longest] = more;
  return [
    `where the time went${elapsed === undefined ? "" : `: ${inSeconds(elapsed)}`}`,
    ...rows.map(([name, words]) => `  ${name.padEnd(width)}  ${words}`),
    ...(longest === undefined ? [] : [`  ${more.length} more, ${inSeconds(longest.seconds)} and less each`]),
  ].join("\n");
}

function renderMachine({ seconds, times, failed = false }: MachineTime): string {
  const whole = `${failed ? "failed after " : ""}${inSeconds(seconds)}`;
  if (times === undefined) return whole;
  const told = parts.flatMap((part) => {
    const [words] = timed(part, times.seconds[part] ?? 0);
    if (words === undefined) return [];
    return [part === "push" ? `${words} for ${(times.bytes / 1e6).toFixed(1)} MB` : words];
  });
  return told.length === 0 ? whole : `${whole}: ${told.join(", ")}`;
}

/** Nothing for what nobody waits for. */
function timed(what: string, seconds: number): string[] {
  return seconds < 0.05 ? [] : [`${what} ${inSeconds(seconds)}`];
}

function inSeconds(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** Adds up, from now on, the phases of this process that belong to no machine. */
export class PhaseTimes implements Disposable {
  readonly #seconds = new Map<string, number>();
  readonly #watch: Disposable;

  constructor() {
    this.#watch = watchWork((event) => {
      const { kind, subject, what } = event.work;
      if (event.kind === "began" || kind !== "phase" || subject !== undefined) return;
      this.#seconds.set(what, (this.#seconds.get(what) ?? 0) + event.seconds);
    });
  }

  get phases(): RunPhases {
    return Object.fromEntries(this.#seconds);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}
