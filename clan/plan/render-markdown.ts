import type { MachinePlan, Plan } from "./machine-plan.ts";
import { countChanges, factsOf } from "./render-plan.ts";

/** For a comment on a pull request: a table of what changes, and the details of each machine folded away below it. */
export function renderPlanMarkdown({ fleet, stack, machines }: Plan): string {
  const entries = Object.entries(machines);
  const told = entries.filter(([, { change }]) => change !== "none");
  const same = entries.filter(([, { change }]) => change === "none").map(([name]) => name);
  const title = `### Plan: ${escapeText(fleet)}, stack ${escapeText(stack)}`;
  const table = ["| machine | host | change | why |", "| --- | --- | --- | --- |", ...told.map(rowOf)];
  return [
    title,
    "",
    `${capitalised(countChanges(Object.values(machines)))}.`,
    ...(told.length === 0 ? [] : ["", ...table]),
    ...told.flatMap(([name, plan]) => ["", ...detailsOf(name, plan)]),
    ...(same.length === 0 || told.length === 0 ? [] : ["", `No change: ${same.map(code).join(", ")}.`]),
  ].join("\n");
}

const words = { update: "update", unknown: "**unknown**", none: "none" } as const;

function rowOf([name, plan]: readonly [string, MachinePlan]): string {
  const { reachable, change, current, toplevel, reasons } = plan;
  const host = reachable === null ? "not asked" : reachable ? "reachable" : "**not reachable**";
  const [first, ...more] = reasons.map(({ text }) => text);
  const why = first === undefined ? "" : `${escapeText(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`;
  const hashes = change === "update" ? ` ${code(shortHash(current))} → ${code(shortHash(toplevel))}` : "";
  return `| ${code(name)} | ${host} | ${words[change]}${hashes} | ${why} |`;
}

function detailsOf(name: string, plan: MachinePlan): string[] {
  const facts = factsOf(plan).map(({ title, text }) =>
    title === "" ? `  - ${escapeText(text)}` : `- **${escapeText(title.replace(/:$/, ""))}** ${escapeText(text)}`,
  );
  const summary = `<details><summary>${escapeText(name)}</summary>`;
  return [summary, "", `- ${escapeText(plan.host.split("\n", 1)[0] ?? "")}`, ...facts, "", "</details>"];
}

function shortHash(path: string | null): string {
  return path === null ? "unknown" : path.slice("/nix/store/".length, "/nix/store/".length + 7);
}

function capitalised(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

function code(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}\p{Bidi_Control}|]/gu, " ")}\``;
}

/** What a host or a fleet says is text, whatever it looks like. Source: CommonMark 0.31, §2.4; GitHub's mentions and tables. */
function escapeText(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, " ")
    .replaceAll(/[\\`*_{}[\]()#|!~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("@", "&#64;");
}
