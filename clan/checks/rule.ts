import type { Location } from "../fleet-model.ts";
import type { CheckContext } from "./context.ts";

/** From the worst on. Error: the fleet is certainly not what was written. Warning: two independent signs agree. */
export const severities = ["error", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

/** Stable and never reused; FC001 to FC038 are the numbers of the catalogue of silent failures (docs/checks.md). */
export type RuleId = `FC${string}`;

/** What a finding is about. */
export interface Subject {
  readonly kind:
    | "fleet"
    | "machine"
    | "entry"
    | "class"
    | "instance"
    | "role"
    | "tag"
    | "file"
    | "input"
    | "suppression";
  /** Entries are `<class>/<entry>`, roles `<instance>/<role>`. */
  readonly name: string;
}

/** What a rule reports. */
export interface Report {
  readonly severity: Severity;
  readonly subject: Subject;
  /** One sentence, without the place. */
  readonly message: string;
  /** The narrowest place that is known. */
  readonly at: Location | null;
  /** What to write or to run. */
  readonly suggestion: string | null;
}

/** A report with the rule that made it. */
export interface Finding extends Report {
  readonly rule: RuleId;
  readonly title: string;
  /** Why the fleet's definition allows it; null: it does not. */
  readonly suppressed: { readonly reason: string } | null;
}

/** The text of docs/checks.md about one rule. */
export interface RuleText {
  readonly finds: string;
  /** Why nobody was told before. */
  readonly silent: string;
  readonly fix: string;
  readonly example: string;
}

/** One way in which a fleet is silently not what was meant. */
export interface Rule {
  readonly id: RuleId;
  readonly title: string;
  /** Those it can give, the worst first. */
  readonly severities: readonly [Severity, ...Severity[]];
  readonly text: RuleText;
  /** Looks, perhaps among other things, into evaluated configurations; less is seen of machines that were not evaluated. */
  readonly evaluated?: true;
  /** Errors of reading an authored fleet that are this rule's: nothing can be checked then but what they say. */
  readonly errors?: readonly `FLEET_${string}`[];
  check(context: CheckContext): Iterable<Report>;
}
