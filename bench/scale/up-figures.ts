import type { NamedUsage } from "../measure/named-processes.ts";
import { median } from "../measure/statistics.ts";
import type { Fault } from "./hosts/faults.ts";
import type { UpRun } from "./up-run.ts";

/** One update in numbers. Times in seconds, memory in bytes. */
export interface UpFigures {
  readonly machines: number;
  readonly parallel: number;
  readonly exitCode: number;
  readonly seconds: number;
  /** Most resident memory of everything that `pulumi up` is, at one moment; and single processes. */
  readonly peakTogetherBytes: number;
  readonly processes: Readonly<Record<string, NamedUsage>>;
  /** From the start of the command to the first host's lock, and to the last one's. */
  readonly firstBeganSeconds: number;
  readonly lastBeganSeconds: number;
  /** From the first byte of a path to any host to the first byte to the last host. */
  readonly pushSpreadSeconds: number;
  /** Longest time in which a host that was being deployed to had nothing to do and heard nothing; of all hosts, and in the median. */
  readonly longestWaitSeconds: number;
  readonly medianWaitSeconds: number;
  readonly switched: number;
  /** Hosts with a fault, by its kind, and what the stack says of them. */
  readonly failed: readonly { readonly machine: string; readonly fault: Fault; readonly outcome: string }[];
  /** What is not as it should be; nothing of that is a measurement. */
  readonly wrong: readonly string[];
}

export function upFigures({ trial, hosts, seen, rows, usage, ...run }: UpRun): UpFigures {
  const byName = new Map(seen.map((host) => [host.name, host]));
  const times = (of: (host: (typeof seen)[number]) => number | undefined): readonly number[] =>
    seen.flatMap((host) => of(host) ?? []);
  const began = times(({ lockedAt }) => lockedAt);
  const pushed = times(({ pushBeganAt }) => pushBeganAt);
  const waits = times(({ lockedAt, longestWaitMs }) => (lockedAt === undefined ? undefined : longestWaitMs / 1000));
  const since = (at: number): number => (at - run.startedAt) / 1000;
  const wrong: string[] = [];
  const failed: { machine: string; fault: Fault; outcome: string }[] = [];
  let switched = 0;
  for (const { name, fault } of hosts) {
    const { outcome = "none", toplevel } = rows[name] ?? {};
    const { current, profile } = byName.get(name) ?? {};
    const runsIt = toplevel != null && current === toplevel && profile === toplevel;
    if (fault !== undefined) {
      failed.push({ machine: name, fault, outcome });
      if (outcome === "switched") wrong.push(`${name} has fault ${fault} and is called switched`);
      if (current !== profile) wrong.push(`${name} was left with what the next boot does not start`);
    } else if (outcome === "switched" && runsIt) switched += 1;
    else wrong.push(`${name} has no fault: it is called ${outcome}, runs ${current}, its profile is ${profile}`);
  }
  if ((run.exitCode === 0) !== (failed.length === 0))
    wrong.push(`exit code ${run.exitCode} with ${failed.length} failures`);
  return {
    machines: trial.machines,
    parallel: trial.parallel,
    exitCode: run.exitCode,
    seconds: run.seconds,
    peakTogetherBytes: usage.peakTogetherBytes,
    processes: usage.named,
    firstBeganSeconds: since(Math.min(...began)),
    lastBeganSeconds: since(Math.max(...began)),
    pushSpreadSeconds: (Math.max(...pushed) - Math.min(...pushed)) / 1000,
    longestWaitSeconds: Math.max(...waits),
    medianWaitSeconds: median(waits),
    switched,
    failed,
    wrong,
  };
}
