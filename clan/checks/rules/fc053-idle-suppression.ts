import type { Suppression } from "../../../composition/fleet-checks.ts";
import { nearestOf } from "../near-names.ts";
import type { Finding, Rule } from "../rule.ts";
import { allows } from "../suppressions.ts";

/** A suppression outlived what it allowed. Its findings come after those of all other rules: see {@link idleSuppressions}. */
export const idleSuppression: Rule = {
  id: "FC053",
  title: "a suppression that matches nothing",
  severities: ["info"],
  text: {
    finds: "An allowed finding that no rule reports, or a rule that does not exist.",
    silent: "What once was meant hides the next finding of the same rule and subject.",
    fix: "Delete the suppression, or correct rule and subject.",
    example:
      '`fleet.checks.allow([{ rule: "FC012", subject: "nixos/openclaw", reason: "kept while off" }])` once it has a member',
  },
  *check() {
    // Needs the findings of the others.
  },
};

/**
 * @param ran - rules that ran: one that did not might have had a finding.
 * @param known - every rule there is.
 */
export function* idleSuppressions(
  suppressions: readonly Suppression[],
  findings: readonly Finding[],
  ran: readonly Rule[],
  known: readonly Rule[],
): Iterable<Finding> {
  const ids = known.map(({ id }) => id as string);
  for (const suppression of suppressions) {
    const { rule, subject, at } = suppression;
    const exists = ids.includes(rule);
    if (exists && !ran.some(({ id }) => id === rule)) continue;
    if (findings.some((finding) => allows(suppression, finding))) continue;
    const subjects = findings.filter((finding) => finding.rule === rule).map((finding) => finding.subject.name);
    const near = nearestOf(subject, subjects);
    yield {
      rule: idleSuppression.id,
      title: idleSuppression.title,
      severity: "info",
      subject: { kind: "suppression", name: `${rule} ${subject}` },
      message: exists ? `${rule} has no finding about ${subject} to allow` : `${rule} is no rule`,
      at,
      suggestion: near === undefined ? "delete it" : `write "${near}"`,
      suppressed: null,
    };
  }
}
