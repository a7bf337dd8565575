import { FleetError, FleetErrors } from "../../errors.ts";
import type { Fleet } from "../read-fleet.ts";
import { fleetContext } from "./fleet-context.ts";
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

/**
 * Reads and checks a fleet. A mistake that stops the reading and that a rule stands for is a finding.
 * @throws {FleetError} @throws {FleetErrors} the fleet cannot be read.
 */
export async function checkFleet(
  read: () => Promise<Fleet>,
  rules: readonly Rule[],
  signal: AbortSignal,
): Promise<CheckedFleet> {
  const opened = await readOrFindings(read);
  if (opened.kind === "findings") {
    const asked = opened.findings.filter(({ rule }) => rules.some(({ id }) => id === rule));
    return { findings: asked, evaluated: [], notEvaluated: {} };
  }
  const { context, suppressions } = await fleetContext(opened.fleet, new Map(), signal);
  return { findings: runChecks(context, suppressions, rules), evaluated: [], notEvaluated: {} };
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
