import { join } from "node:path";
import { z } from "zod";
import { type Suppression, suppressionSchema } from "../../composition/fleet-checks.ts";
import { FleetError } from "../../errors.ts";
import { textOf } from "./disk/absent.ts";
import { json } from "./disk/clan-folders.ts";
import type { Finding } from "./rule.ts";

/** fleet.checks.json is not what it must be. */
export class SuppressionFileError extends FleetError {
  readonly code = "FLEET_CHECKS_FILE";
}

export const suppressionFile = "fleet.checks.json";

const fileSchema = z.strictObject({ allow: z.array(suppressionSchema) });

/**
 * Suppressions of an adopted fleet, from `<root>/fleet.checks.json`; none where there is no such file.
 * @throws {SuppressionFileError}
 */
export async function readSuppressions(root: string): Promise<readonly Suppression[]> {
  const text = await textOf(join(root, suppressionFile));
  if (text === undefined) return [];
  const parsed = fileSchema.safeParse(json(text));
  if (!parsed.success) throw fileError(parsed.error);
  const lines = text.split("\n");
  let from = 0;
  return parsed.data.allow.map((entry) => {
    // Entries stand in the file's order, so each is looked for below the one before.
    const found = lines.findIndex((line, index) => index >= from && line.includes(JSON.stringify(entry.subject)));
    if (found === -1) return { ...entry, at: { file: suppressionFile } };
    from = found + 1;
    return { ...entry, at: { file: suppressionFile, line: found + 1 } };
  });
}

/** Marks the findings that the fleet allows, each with the reason. */
export function suppress(findings: readonly Finding[], suppressions: readonly Suppression[]): readonly Finding[] {
  return findings.map((finding) => {
    const allowed = suppressions.find((suppression) => allows(suppression, finding));
    return allowed === undefined ? finding : { ...finding, suppressed: { reason: allowed.reason } };
  });
}

export function allows({ rule, subject }: Suppression, finding: Finding): boolean {
  return finding.rule === rule && finding.subject.name === subject;
}

function fileError(error: z.ZodError): SuppressionFileError {
  const [issue] = error.issues;
  return new SuppressionFileError({
    summary: `${suppressionFile}: it cannot be used`,
    expected: '{ "allow": [{ "rule": "FC012", "subject": "nixos/openclaw", "reason": "kept while off" }] }',
    found: issue === undefined ? "something else" : `${issue.path.join(".") || "the file"}: ${issue.message}`,
    at: suppressionFile,
    fix: "correct the file",
  });
}
