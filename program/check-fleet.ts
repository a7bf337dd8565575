import * as pulumi from "@pulumi/pulumi";
import type { CheckContext } from "../clan/checks/context.ts";
import { countFindings } from "../clan/checks/findings-json.ts";
import { fleetContext } from "../clan/checks/fleet-context.ts";
import { renderGroups } from "../clan/checks/render-findings.ts";
import type { Finding } from "../clan/checks/rule.ts";
import { failing, runChecks } from "../clan/checks/run-checks.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import type { Remark } from "../components/remark.ts";
import type { Suppression } from "../composition/fleet-checks.ts";
import { formatLocation } from "../composition/source-location.ts";

/** As {@link checkedRemarks}, of a fleet that was read. */
export async function checkFleet(fleet: Fleet, signal: AbortSignal): Promise<readonly Remark[]> {
  const { context, suppressions } = await fleetContext(fleet, new Map(), signal);
  return checkedRemarks(context, suppressions);
}

/**
 * Runs the fleet's checks before a resource is registered.
 * @returns the warnings, for the resources that they concern.
 * @throws {pulumi.RunError} with the report of the errors; nothing is registered then.
 */
export function checkedRemarks(context: CheckContext, suppressions: readonly Suppression[]): readonly Remark[] {
  const findings = runChecks(context, suppressions);
  const errors = failing(findings);
  if (errors.length > 0) throw new pulumi.RunError(refusal(errors));
  return findings
    .filter(({ severity, suppressed }) => severity === "warning" && suppressed === null)
    .map((finding) => ({ subject: finding.subject, text: remarkText(finding) }));
}

function refusal(findings: readonly Finding[]): string {
  const { errors } = countFindings(findings);
  const what =
    errors === 1 ? "the fleet is not what was written" : `the fleet is not what was written, in ${errors} places`;
  return [`${what}; \`fleet check\` shows everything\n`, ...renderGroups(findings)].join("\n").trimEnd();
}

/** Pulumi says that it is a warning, and of which resource. */
function remarkText({ rule, message, at, suggestion }: Finding): string {
  const place = at === null ? [] : [`  at:  ${formatLocation(at)}`];
  const fix = suggestion === null ? [] : [`  fix: ${suggestion}`];
  return [`${rule}: ${message}`, ...place, ...fix].join("\n");
}
