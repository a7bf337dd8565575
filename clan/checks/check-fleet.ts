import { FleetError, FleetErrors } from "../../errors.ts";
import type { Report } from "../../report.ts";
import type { Fleet } from "../read-fleet.ts";
import { fleetContext } from "./fleet-context.ts";
import type { HostNature } from "./host-nature.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { FactsReading } from "./read-machine-facts.ts";
import { readingFindings } from "./reading-failures.ts";
import type { Finding, Rule } from "./rule.ts";
import { runChecks } from "./run-checks.ts";

/** What a check of a whole fleet gave. */
export interface CheckedFleet {
  readonly findings: readonly Finding[];
  /** Machines whose configuration was evaluated. */
  readonly evaluated: readonly string[];
  /** Machine → why its configuration could not be looked at. */
  readonly notEvaluated: Readonly<Record<string, string>>;
}

export interface CheckOptions {
  readonly rules: readonly Rule[];
  /** Whether configurations are evaluated. Default: those of an adopted flake, which was evaluated already. */
  readonly evaluate?: boolean | undefined;
  /** Asks hosts what they are. Absent: no host is asked. */
  readonly askHosts?: AskHosts | undefined;
  readonly report: Report;
}

/** Asks the hosts of a fleet's machines; one that does not answer is missing. */
export type AskHosts = (
  fleet: Fleet,
  configurations: ReadonlyMap<string, MachineFacts>,
) => Promise<ReadonlyMap<string, HostNature>>;

/**
 * Reads and checks a fleet. A mistake that stops the reading and that a rule stands for is a finding.
 * @throws {FleetError} @throws {FleetErrors} the fleet cannot be read.
 */
export async function checkFleet(
  read: () => Promise<Fleet>,
  options: CheckOptions,
  signal: AbortSignal,
): Promise<CheckedFleet> {
  const opened = await readOrFindings(read);
  if (opened.kind === "findings") {
    const asked = opened.findings.filter(({ rule }) => options.rules.some(({ id }) => id === rule));
    return { findings: asked, evaluated: [], notEvaluated: {} };
  }
  const { configurations, failures } = await configurationsOf(opened.fleet, options, signal);
  const hosts = (await options.askHosts?.(opened.fleet, configurations)) ?? new Map();
  const { context, suppressions } = await fleetContext(opened.fleet, configurations, signal);
  return {
    findings: runChecks({ ...context, hosts }, suppressions, options.rules),
    evaluated: [...configurations.keys()],
    notEvaluated: Object.fromEntries(
      [...failures].map(([machine, { facts }]) => [machine, `${facts.found} (${facts.at})`]),
    ),
  };
}

async function configurationsOf(
  fleet: Fleet,
  { rules, evaluate, report }: CheckOptions,
  signal: AbortSignal,
): Promise<FactsReading> {
  const wanted = evaluate ?? fleet.kind === "adopted";
  if (!wanted || !rules.some((rule) => rule.evaluated !== undefined))
    return { configurations: new Map(), failures: new Map() };
  const { readConfigurations } = await import("./configurations.ts");
  return readConfigurations(fleet, report, signal);
}

async function readOrFindings(read: () => Promise<Fleet>) {
  try {
    return { kind: "fleet", fleet: await read() } as const;
  } catch (error) {
    if (!(error instanceof FleetError || error instanceof FleetErrors)) throw error;
    const findings = readingFindings(error);
    if (findings === undefined) throw error;
    return { kind: "findings", findings } as const;
  }
}
