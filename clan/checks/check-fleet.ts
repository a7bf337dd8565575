import { FleetError, FleetErrors } from "../../errors.ts";
import { readFleet } from "../read-fleet.ts";
import { authoredContext } from "./authored-context.ts";
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
 * Reads and checks the fleet of `<root>/fleet.ts`. A mistake that stops the reading and that a rule stands for is a finding.
 * @throws {FleetError} @throws {FleetErrors} the fleet cannot be read.
 */
export async function checkFleet(root: string, rules: readonly Rule[], signal: AbortSignal): Promise<CheckedFleet> {
  const fleet = await readOrFindings(root);
  if (fleet.kind === "findings") {
    const asked = fleet.findings.filter(({ rule }) => rules.some(({ id }) => id === rule));
    return { findings: asked, evaluated: [], notEvaluated: {} };
  }
  const { definition } = fleet.fleet.evaluation;
  const context = await authoredContext(fleet.fleet, new Map(), signal);
  const findings = runChecks(context, definition.checks?.allowed ?? [], rules);
  return { findings, evaluated: [], notEvaluated: {} };
}

async function readOrFindings(root: string) {
  try {
    return { kind: "fleet", fleet: await readFleet(root) } as const;
  } catch (error) {
    if (!(error instanceof FleetError || error instanceof FleetErrors)) throw error;
    const findings = readingFindings(error);
    if (findings === undefined) throw error;
    return { kind: "findings", findings } as const;
  }
}
