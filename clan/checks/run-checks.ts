import type { Suppression } from "../../composition/fleet-checks.ts";
import { compareText } from "../../composition/nearest.ts";
import { allRules } from "./all-rules.ts";
import type { CheckContext } from "./context.ts";
import { type Finding, type Rule, severities } from "./rule.ts";
import { idleSuppression, idleSuppressions } from "./rules/fc053-idle-suppression.ts";
import { suppress } from "./suppressions.ts";

/**
 * Runs rules over a fleet: what they report, the worst first, then by subject and place; suppressed findings included.
 * @param rules - Default: all.
 */
export function runChecks(
  context: CheckContext,
  suppressions: readonly Suppression[],
  rules: readonly Rule[] = allRules,
): readonly Finding[] {
  const reports = rules.flatMap((rule) => [...rule.check(context)].map((report) => withRule(rule, report)));
  const findings = suppress(reports, suppressions);
  if (!rules.includes(idleSuppression)) return inOrder(findings);
  // A rule that reads configurations says nothing of machines that were not evaluated.
  const ran = rules.filter(({ evaluated }) => evaluated !== true || everythingEvaluated(context));
  return inOrder([...findings, ...idleSuppressions(suppressions, findings, ran, allRules)]);
}

/** A finding as its rule reported it. */
export function withRule({ id, title }: Rule, report: Omit<Finding, "rule" | "title" | "suppressed">): Finding {
  return { rule: id, title, ...report, suppressed: null };
}

/** Findings that fail a check: errors that nobody allowed. */
export function failing(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity, suppressed }) => severity === "error" && suppressed === null);
}

function everythingEvaluated({ model, configurations }: CheckContext): boolean {
  return Object.keys(model.machines).every((machine) => configurations.has(machine));
}

/** The worst first; the same fleet gives the same order. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ severity }: Finding): number => severities.indexOf(severity);
  return findings.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compareText(a.subject.name, b.subject.name) ||
      compareText(a.rule, b.rule) ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0),
  );
}
