import type { Finding, Severity } from "./rule.ts";

/** What `fleet check --json` prints. */
export interface FindingsDocument {
  readonly findings: readonly {
    readonly rule: string;
    readonly title: string;
    readonly severity: Severity;
    readonly subject: { readonly kind: string; readonly name: string };
    readonly message: string;
    readonly location: { readonly file: string; readonly line: number | null } | null;
    readonly suggestion: string | null;
    readonly suppressed: { readonly reason: string } | null;
  }[];
  readonly summary: Summary;
}

/** Numbers of findings; suppressed ones count apart. */
export interface Summary {
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
  readonly suppressed: number;
  /** Rules that ran. */
  readonly rules: number;
  /** Machines whose configuration was looked at, and those where that failed, each with the reason. */
  readonly evaluated: readonly string[];
  readonly notEvaluated: Readonly<Record<string, string>>;
}

export function findingsDocument(findings: readonly Finding[], summary: Summary): FindingsDocument {
  return {
    findings: findings.map(({ rule, title, severity, subject, message, at, suggestion, suppressed }) => ({
      rule,
      title,
      severity,
      subject: { kind: subject.kind, name: subject.name },
      message,
      location: at === null ? null : { file: at.file, line: at.line ?? null },
      suggestion,
      suppressed,
    })),
    summary,
  };
}

export function countFindings(
  findings: readonly Finding[],
): Pick<Summary, "errors" | "warnings" | "infos" | "suppressed"> {
  const open = findings.filter(({ suppressed }) => suppressed === null);
  const count = (severity: Severity): number => open.filter((finding) => finding.severity === severity).length;
  return {
    errors: count("error"),
    warnings: count("warning"),
    infos: count("info"),
    suppressed: findings.length - open.length,
  };
}
