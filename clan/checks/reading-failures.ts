import { type ErrorSubject, FleetError, FleetErrors } from "../../errors.ts";
import type { Location } from "../fleet-model.ts";
import { allRules } from "./all-rules.ts";
import { isNear } from "./near-names.ts";
import type { Finding, Rule, Subject } from "./rule.ts";
import { notRegistered } from "./rules/fc016-not-registered.ts";
import { notInInventory } from "./rules/fc017-not-in-inventory.ts";
import { machineName, spelledDifferently } from "./rules/fc020-machine-name.ts";
import { withRule } from "./run-checks.ts";

/**
 * What stopped the reading of an authored fleet, as findings, where a rule stands for each error: a name that does not
 * exist is a finding with a place like any other, though nothing else can be checked then.
 * @returns undefined where some error is none of a rule's: then the fleet could not be read.
 */
export function readingFindings(thrown: unknown): readonly Finding[] | undefined {
  const errors = thrown instanceof FleetErrors ? thrown.errors : [thrown];
  const findings: Finding[] = [];
  for (const error of errors) {
    const rule = error instanceof FleetError ? ruleOf(error) : undefined;
    if (rule === undefined) return undefined;
    findings.push(asFinding(rule, error));
  }
  return withPairsJoined(findings);
}

/** A machine that the registry lacks and one that the inventory lacks, of nearly one name, are one machine: one cause. */
function withPairsJoined(findings: readonly Finding[]): readonly Finding[] {
  const unlisted = findings.filter(({ rule }) => rule === notInInventory.id);
  const joined = new Set<Finding>();
  const pairs = findings.flatMap((finding) => {
    if (finding.rule !== notRegistered.id) return [];
    const { name } = finding.subject;
    const other = unlisted.find(({ subject }) => !joined.has(finding) && isNear(name, subject.name));
    if (other === undefined) return [];
    joined.add(finding).add(other);
    return [withRule(machineName, spelledDifferently(name, other.subject.name, finding.at))];
  });
  return [...findings.filter((finding) => !joined.has(finding)), ...pairs];
}

function ruleOf({ code }: FleetError): Rule | undefined {
  return allRules.find(({ errors }) => errors?.includes(code));
}

function asFinding(rule: Rule, { facts }: FleetError): Finding {
  const at = placeOf(facts.at);
  return withRule(rule, {
    severity: "error",
    subject: subjectOf(facts.subject, at),
    message: facts.summary,
    at,
    suggestion: facts.fix,
  });
}

function subjectOf(subject: ErrorSubject | undefined, at: Location | null): Subject {
  return subject ?? { kind: "file", name: at?.file ?? "fleet.ts" };
}

/** The first of the places that an error names. */
function placeOf(at: string): Location | null {
  const [first = ""] = at.split("\n");
  const [, file, line] = /^(.+?)(?::(\d+))?$/.exec(first) ?? [];
  if (file === undefined) return null;
  return line === undefined ? { file } : { file, line: Number(line) };
}
