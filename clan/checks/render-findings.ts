import { formatLocation } from "../../composition/source-location.ts";
import { countFindings } from "./findings-json.ts";
import type { Finding } from "./rule.ts";

const columns = 100;

/** Findings as text of 100 columns, grouped by subject, the worst subject first; the last line sums up. */
export function renderFindings(findings: readonly Finding[]): string {
  const open = findings.filter(({ suppressed }) => suppressed === null);
  const allowed = findings.filter(({ suppressed }) => suppressed !== null);
  return [...renderGroups(open), ...renderAllowed(allowed), renderSummary(findings)].join("\n");
}

/** Findings of one subject below its name. */
export function renderGroups(findings: readonly Finding[]): readonly string[] {
  const bySubject = Map.groupBy(findings, ({ subject }) => `${subject.kind} ${subject.name}`);
  return [...bySubject].flatMap(([subject, group]) => [plain(subject), ...group.flatMap(renderFinding), ""]);
}

/** One finding: what, where, what to do. */
export function renderFinding({ severity, rule, message, at, suggestion }: Finding): readonly string[] {
  const head = `  ${severity.padEnd(8)}${rule}  `;
  const below = " ".repeat(head.length);
  return [
    ...wrapped(plain(message), head, below),
    ...(at === null ? [] : wrapped(formatLocation(at), `${below}at   `, `${below}     `)),
    ...(suggestion === null ? [] : wrapped(plain(suggestion), `${below}fix  `, `${below}     `)),
  ];
}

function renderAllowed(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ rule, subject, suppressed }) =>
    wrapped(plain(`${subject.name}: ${suppressed?.reason}`), `  ${rule}  `, "         "),
  );
  return ["allowed", ...lines, ""];
}

function renderSummary(findings: readonly Finding[]): string {
  const { errors, warnings, infos, suppressed } = countFindings(findings);
  const allowed = suppressed === 0 ? "" : `, ${suppressed} allowed`;
  return `${count(errors, "error")}, ${count(warnings, "warning")}, ${infos} info${allowed}`;
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const full = line.length > rest.length && line.length + word.length > columns;
    if (full) {
      lines.push(line.trimEnd());
      line = rest;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

/** Names come from files; control characters in them do not reach the terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
