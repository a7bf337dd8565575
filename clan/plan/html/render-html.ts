import { createHash } from "node:crypto";
import { pageStyle } from "../../html/page-style.ts";
import type { CopyPlan, MachinePlan, NodePlan, Plan } from "../machine-plan.ts";
import { countChanges, factsOf, renderBytes } from "../render-plan.ts";

type Named = readonly [name: string, plan: MachinePlan];

/**
 * The plan as one HTML file that needs nothing else and runs nothing: a map of the fleet, a table, and the details of each
 * machine. Whatever a host or a fleet is called is text in it, never markup.
 */
export function renderPlanHtml({ fleet, stack, machines }: Plan): string {
  const style = pageStyle(import.meta.dirname);
  const policy = `default-src 'none'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`;
  const named: readonly Named[] = Object.entries(machines).sort(([, a], [, b]) => order[a.change] - order[b.change]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(fleet)}, stack ${text(stack)}: plan</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${text(fleet)} <span class="quiet">stack ${text(stack)}</span></h1>
<p>${text(countChanges(named.map(([, plan]) => plan)))}${sums(named)}</p>
</header>
<main>
<section aria-labelledby="map"><h2 id="map">Fleet</h2>
<div class="map">${places(named).map(renderPlace).join("\n")}</div>
<ul class="legend" aria-label="Colours"><li class="update">changes</li><li class="unknown">not known</li><li class="none">stays as it is</li></ul>
</section>
<section aria-labelledby="table"><h2 id="table">Machines</h2>
<div class="scroll"><table class="wide">
<thead><tr><th>machine</th><th>change</th><th>host</th><th>copy</th><th>units</th><th>reboot</th><th>wave</th><th>a month</th></tr></thead>
<tbody>
${named.map(renderRow).join("\n")}
</tbody></table></div>
</section>
<section aria-labelledby="details"><h2 id="details">Details</h2>
${named.map(renderDetails).join("\n")}
</section>
</main>
</body>
</html>
`;
}

const order = { update: 0, unknown: 1, none: 2 } as const;
const words = { update: "changes", unknown: "not known", none: "none" } as const;

/** What all of it copies, and what it costs, as far as that is known. */
function sums(named: readonly Named[]): string {
  const bytes = named.reduce((sum, [, { copy }]) => sum + (copy?.kind === "known" ? copy.bytes : 0), 0);
  const unknown = named.some(([, { copy }]) => copy?.kind === "unknown");
  const isMost = named.some(([, { copy }]) => copy?.kind === "known" && copy.differences.kind !== "none");
  const costs = named.flatMap(([, { node }]) => (node === null ? [] : [node.costPerMonth]));
  const total = (when: "before" | "after"): number => costs.reduce((sum, cost) => sum + (cost[when] ?? 0), 0);
  const gaps = costs.some(({ before, after }) => before === null || after === null)
    ? ", some prices are not known"
    : "";
  return [
    ...(bytes === 0 && !unknown
      ? []
      : [
          `; ${isMost ? "at most " : ""}${renderBytes(bytes)} are copied${unknown ? ", and more that is not known" : ""}`,
        ]),
    ...(costs.length === 0
      ? []
      : [`; nodes $${total("before").toFixed(2)} → $${total("after").toFixed(2)} a month${gaps}`]),
  ].join("");
}

/** Machines by where they are: zones of clouds, then the others by their class. */
function places(named: readonly Named[]): readonly (readonly [string, readonly Named[]])[] {
  const placeOf = ([, { node, class: ofClass }]: Named): string =>
    node === null ? (ofClass === "darwin" ? "Macs" : "NixOS") : (node.zone.after ?? zoneNotKnown(node));
  return [...Map.groupBy(named, placeOf)].sort(([a], [b]) => (a < b ? -1 : 1));
}

function zoneNotKnown({ zone, zonesTried }: NodePlan): string {
  return zonesTried.length > 0 ? `one of ${zonesTried.join(", ")}` : (zone.before ?? "zone not known yet");
}

function renderPlace([place, named]: readonly [string, readonly Named[]]): string {
  const tiles = named.map(([name, { change, reachable, reboot, warnings, node }]) => {
    const marks = [
      ...(reachable === false ? ["no answer"] : []),
      ...(node?.power.after === "off" ? ["off"] : []),
      ...(reboot?.kind === "needed" ? ["reboot"] : []),
      ...(warnings.length > 0 ? ["warning"] : []),
    ];
    const shown = marks.length === 0 ? "" : `<small>${marks.join(", ")}</small>`;
    return `<li><a class="${change}" href="#${anchor(name)}">${text(name)}${shown}</a></li>`;
  });
  return `<section class="place"><h3>${text(place)}</h3><ul>${tiles.join("")}</ul></section>`;
}

function renderRow([name, plan]: Named): string {
  const { change, reachable, copy, units, reboot, wave, node } = plan;
  const cells = [
    reachable === null ? "not asked" : reachable ? "reachable" : "no answer",
    copy === null ? "" : copy.kind === "known" ? shortCopy(copy) : "unknown",
    units === null ? "" : countUnits(units),
    reboot === null ? "" : reboot.kind.replace("-", " "),
    wave === null ? "" : `${wave.number} of ${wave.of}`,
    node === null ? "" : [node.costPerMonth.before, node.costPerMonth.after].map(dollars).join(" → "),
  ];
  const machine = `<th scope="row"><a href="#${anchor(name)}">${text(name)}</a></th>`;
  return `<tr class="${change}">${machine}<td><b>${words[change]}</b></td>${cells.map((cell) => `<td>${text(cell)}</td>`).join("")}</tr>`;
}

function shortCopy({ bytes, differences }: Extract<CopyPlan, { kind: "known" }>): string {
  if (differences.kind === "unknown") return `at most ${renderBytes(bytes)}`;
  const all = renderBytes(bytes);
  return differences.kind === "none" ? all : `${renderBytes(differences.sentBytes)} to ${all}`;
}

function countUnits(units: NonNullable<MachinePlan["units"]>): string {
  if (units.kind === "unknown") return "unknown";
  if (units.kind === "at-boot") return "at the next boot";
  const verbs = (["restart", "stop", "start", "reload"] as const).filter((verb) => units[verb].length > 0);
  return verbs.map((verb) => `${units[verb].length} ${verb}`).join(", ") || "none";
}

function renderDetails([name, plan]: Named): string {
  const rows = factsOf(plan, "whole").map(
    ({ title, text: value }) => `<tr><th scope="row">${text(title.replace(/:$/, ""))}</th><td>${text(value)}</td></tr>`,
  );
  const open = plan.change === "update" ? " open" : "";
  return `<details id="${anchor(name)}"${open}><summary class="${plan.change}"><b>${text(name)}</b> ${words[plan.change]}</summary>
<p class="host">${text(plan.host)}</p>
<div class="scroll"><table>${rows.join("\n")}</table></div></details>`;
}

function dollars(value: number | null): string {
  return value === null ? "unknown" : `$${value.toFixed(2)}`;
}

/** Names of machines are labels of hosts; whatever else one may be in a plan from elsewhere, it stays one word. */
function anchor(name: string): string {
  return `machine-${encodeURIComponent(name).replaceAll("'", "%27")}`;
}

function text(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/\p{Cc}+/gu, " ");
}

function hash(value: string): string {
  return `sha256-${createHash("sha256").update(value).digest("base64")}`;
}
