import {
  type Difference,
  type FleetDifference,
  type InstanceDifference,
  isSame,
  type MachineDifference,
} from "./diff-models.ts";

/** One thing that differs: its name, whether it was gained (`+`), lost (`-`) or changed (`~`), and how. */
interface Item {
  readonly sign: "+" | "-" | "~";
  readonly name: string;
  readonly details: readonly string[];
}

/** For a terminal: sections of lines that begin with `+`, `-` or `~`. */
export function renderDiff(difference: FleetDifference): string {
  if (isSame(difference)) return "no difference";
  return sections(difference)
    .map(([title, items]) => [title, ...items.flatMap(textLines)].join("\n"))
    .join("\n\n");
}

/** For a pull request. */
export function renderDiffMarkdown(difference: FleetDifference): string {
  if (isSame(difference)) return "No difference in machines, tags, roles, members and entries.";
  return sections(difference)
    .map(([title, items]) =>
      [`### ${title[0]?.toUpperCase()}${title.slice(1)}`, "", ...items.flatMap(markdownLines)].join("\n"),
    )
    .join("\n\n");
}

function textLines({ sign, name, details }: Item): string[] {
  return [`  ${sign} ${name}`, ...details.map((detail) => `      ${detail}`)];
}

const words = { "+": "new", "-": "gone", "~": "changed" } as const;

function markdownLines({ sign, name, details }: Item): string[] {
  return [`- ${code(name)} ${words[sign]}`, ...details.map((detail) => `  - ${code(detail)}`)];
}

/** A code span holds anything but as many backticks as it is fenced with. Source: CommonMark 0.31, §6.1. */
function code(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

function sections({ machines, instances, entries, tags }: FleetDifference): (readonly [string, readonly Item[]])[] {
  const all: (readonly [string, readonly Item[]])[] = [
    ["machines", items(machines, machineDetails)],
    ["tags", items({ ...tags, changed: {} }, () => [])],
    ["instances", items(instances, instanceDetails)],
    ["entries", items(entries, (files) => listed("files", files))],
  ];
  return all.filter(([, found]) => found.length > 0);
}

function items<T>(
  { gained, lost, changed }: Difference & { readonly changed: Readonly<Record<string, T>> },
  describe: (value: T) => readonly string[],
): Item[] {
  return [
    ...gained.map((name): Item => ({ sign: "+", name, details: [] })),
    ...lost.map((name): Item => ({ sign: "-", name, details: [] })),
    ...Object.entries(changed).map(([name, value]): Item => ({ sign: "~", name, details: describe(value) })),
  ];
}

function machineDetails({ facts, tags, roles, entries, users }: MachineDifference): string[] {
  return [
    ...facts.map(({ fact, before, after }) => `${fact}: ${before ?? "none"} → ${after ?? "none"}`),
    ...listed("tags", tags),
    ...listed("roles", roles),
    ...listed("entries", entries),
    ...listed("users", users),
  ];
}

function instanceDetails({ service, members, settings }: InstanceDifference): string[] {
  return [
    ...(service === undefined ? [] : [`service: ${service.before} → ${service.after}`]),
    ...Object.entries(members).flatMap(([role, found]) => listed(`members of ${role}`, found)),
    ...settings.map((role) => `settings of ${role}: changed`),
  ];
}

function listed(title: string, { gained, lost }: Difference): string[] {
  const parts = [...gained.map((name) => `+${name}`), ...lost.map((name) => `-${name}`)];
  return parts.length === 0 ? [] : [`${title}: ${parts.join(" ")}`];
}
