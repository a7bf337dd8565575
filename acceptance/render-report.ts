import type { Restored } from "./restore.ts";
import type { RowResult } from "./row.ts";

/** All that a run found out; the JSON beside the page. */
export interface AcceptanceReport {
  readonly schema: 1;
  /** ISO 8601. */
  readonly at: string;
  /** The host's name, or what the caller called it. */
  readonly label: string;
  readonly class: "nixos" | "darwin";
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: { readonly pulumiClan: string; readonly node: string };
  readonly rows: readonly RowResult[];
  /** Absent: the run was stopped before anything was changed. `failed`: the host is not as it was found. */
  readonly restored: ({ readonly status: "as found" } & Restored) | { readonly status: "failed"; readonly why: string };
  readonly summary: { readonly passed: number; readonly failed: number; readonly skipped: number };
}

/** Whether the host accepted everything that was tried on it, and is as before. */
export function isAccepted({ rows, restored }: AcceptanceReport): boolean {
  const tried = rows.filter(({ status }) => status !== "skipped");
  return restored.status === "as found" && tried.length > 0 && tried.every(({ status }) => status === "passed");
}

export function summaryOf(rows: readonly RowResult[]): AcceptanceReport["summary"] {
  const count = (status: RowResult["status"]): number => rows.filter((row) => row.status === status).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** One line. */
export function renderSummary(report: AcceptanceReport): string {
  const { passed, failed, skipped } = report.summary;
  const end = report.restored.status === "as found" ? "the host is as it was found" : "the host is NOT as it was found";
  return `${report.label}: ${passed} passed, ${failed} failed, ${skipped} skipped; ${end}`;
}

/** The page of one run, Markdown. */
export function renderReport(report: AcceptanceReport): string {
  const { label, at, machine, versions, rows, restored } = report;
  const failed = rows.filter((row) => row.status === "failed");
  return [
    `# ${label}, ${at.slice(0, 10)}`,
    "",
    `${isAccepted(report) ? "Accepted" : "**Not accepted**"}: ${renderSummary(report).slice(label.length + 2)}.`,
    `Made by \`npm run acceptance\` of pulumi-clan ${versions.pulumiClan} (Node ${versions.node}) at ${at}.`,
    "",
    "## The machine before",
    "",
    ...table(["", ""], Object.entries(machine)),
    "",
    "## What was tried",
    "",
    ...table(["step", "what", "expected", "seen", "result", "seconds"], rows.map(rowCells)),
    "",
    ...failed.flatMap((row) => ["", `### ${row.id} failed`, "", ...failedChecks(row)]),
    ...(failed.length > 0 ? [""] : []),
    "## The machine afterwards",
    "",
    ...(restored.status === "failed"
      ? ["The host is **not** as it was found:", "", "```text", restored.why, "```"]
      : [
          ...table(
            ["", "seen", ""],
            restored.checks.map(({ what, seen, passed }) => [what, seen, passed ? "as before" : "**not as before**"]),
          ),
          ...(restored.left.length === 0
            ? []
            : ["", `Left for the next garbage collection: ${restored.left.map((path) => `\`${path}\``).join(", ")}.`]),
        ]),
    "",
  ].join("\n");
}

function rowCells(row: RowResult): readonly string[] {
  const { id, title, expected } = row;
  if (row.status === "skipped") return [id, title, expected, row.reason, "skipped", ""];
  return [id, title, expected, row.seen, row.status === "passed" ? "passed" : "**failed**", row.seconds.toFixed(1)];
}

function failedChecks(row: RowResult): readonly string[] {
  if (row.status === "skipped") return [];
  const wrong = row.checks.filter(({ passed }) => !passed);
  return table(
    ["", "expected", "seen"],
    wrong.map(({ what, expected, seen }) => [what, expected, seen]),
  );
}

function table(head: readonly string[], body: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)];
}

/** What a host says stays within its cell. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
