import { z } from "zod";
import { throwGathered } from "../errors.ts";
import { authorCallSite } from "./body/call-site.ts";
import { FleetDefinitionError } from "./errors.ts";
import { showValue } from "./show-value.ts";
import { formatLocation, pathInFleet, type SourceLocation } from "./source-location.ts";

/** A finding of the fleet's checks that is meant to be so. */
export const suppressionSchema = z.strictObject({
  rule: z.string().regex(/^FC\d{3}$/, "a rule's id, e.g. FC012"),
  subject: z.string().min(1, "the name of a finding's subject"),
  reason: z.string().min(1, "why it is meant to be so"),
});

export interface Allowed {
  /** Id of the rule, e.g. `FC012`; docs/checks.md lists them. */
  readonly rule: string;
  /** Name of the finding's subject as the report shows it, e.g. `nixos/openclaw`. */
  readonly subject: string;
  /** For whoever reads the report next year. */
  readonly reason: string;
}

/** An {@link Allowed} finding, and where it is allowed. */
export interface Suppression extends Allowed {
  readonly at: SourceLocation;
}

/** What a fleet says about its checks. */
export class FleetChecks {
  readonly #root: string;
  readonly #allowed: Suppression[] = [];

  /** @param root - the fleet's folder, absolute. */
  constructor(root: string) {
    this.#root = root;
  }

  get allowed(): readonly Suppression[] {
    return this.#allowed;
  }

  /**
   * Allows findings: they stay in the report, with the reason, and fail nothing. One that matches no finding is a finding
   * itself. @throws {FleetDefinitionError} gathered, one per entry that is wrong.
   */
  allow(suppressions: readonly Allowed[]): void {
    const site = authorCallSite();
    const at =
      site === undefined ? { file: "fleet.ts" } : { file: pathInFleet(this.#root, site.path), line: site.line };
    const errors: FleetDefinitionError[] = [];
    for (const suppression of suppressions) {
      const parsed = suppressionSchema.safeParse(suppression);
      if (parsed.success) this.#allowed.push({ ...parsed.data, at });
      else errors.push(shapeError(suppression, parsed.error, at));
    }
    throwGathered(errors);
  }
}

function shapeError(suppression: unknown, error: z.ZodError, at: SourceLocation): FleetDefinitionError {
  const [issue] = error.issues;
  return new FleetDefinitionError({
    summary: "fleet.checks.allow: an entry is not what it must be",
    expected: '{ rule: "FC012", subject: "nixos/openclaw", reason: "kept while off" }',
    found: issue === undefined ? showValue(suppression) : `${issue.path.join(".") || "the entry"}: ${issue.message}`,
    at: formatLocation(at),
    fix: "correct the entry; docs/checks.md lists the rules",
  });
}
