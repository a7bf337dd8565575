import { plainText } from "../../errors.ts";
import type { BuildPlan, CopyPlan, MachinePlan, PackageChange, Plan } from "./machine-plan.ts";

/** For a terminal: a block per machine, the ones that change first, and a count. */
export function renderPlan({ stack, machines, leaving }: Plan): string {
  const entries = Object.entries(machines).sort(([, a], [, b]) => order[a.change] - order[b.change]);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  const blocks = entries.map(([name, plan]) => {
    const [first = "", ...more] = renderMachinePlan(plan).split("\n");
    return [`${signs[plan.change]} ${name.padEnd(width)}  ${first}`, ...more.map((line) => `    ${line}`)].join("\n");
  });
  const gone = Object.entries(leaving).map(([name, plan]) => `- ${name.padEnd(width)}  ${renderLeaving(plan)}`);
  return [...blocks, ...gone, `\nstack ${stack}: ${countChanges(Object.values(machines))}`].join("\n");
}

/** A machine that the stack has no more. */
export function renderLeaving({ text, node }: Plan["leaving"][string]): string {
  return [text, ...nodeFacts(node).map(({ title, text: value }) => `      ${title.padEnd(9)} ${value}`)].join("\n");
}

const order = { update: 0, unknown: 1, none: 2 } as const;
export const signs = { update: "~", unknown: "?", none: " " } as const satisfies Record<MachinePlan["change"], string>;

/** `2 of 10 machines change, 1 is not known`. */
export function countChanges(plans: readonly Pick<MachinePlan, "change">[]): string {
  const count = (change: MachinePlan["change"]): number => plans.filter((plan) => plan.change === change).length;
  const [update, unknown] = [count("update"), count("unknown")];
  const changes = update === 0 ? "no machine changes" : `${update} of ${plans.length} machines change`;
  return unknown === 0 ? changes : `${changes}, of ${unknown} it is not known`;
}

/**
 * One machine, compact: what the host said, then a line for each thing that there is to tell. Pulumi shows it as it is, so
 * nothing is left in it that a terminal would obey, and no text begins a line of its own.
 */
export function renderMachinePlan(plan: MachinePlan): string {
  const facts = factsOf(plan).map(
    ({ title, text }) => `  ${title.padEnd(9)} ${text.replaceAll("\n", `\n${" ".repeat(12)}`)}`,
  );
  const unsure =
    plan.change === "unknown" ? "  nothing to deploy by its last known state; what it runs is not known" : [];
  return plainText([plan.host, ...[unsure].flat(), ...facts].join("\n"));
}

/** A thing that a plan tells of a machine. */
export interface PlanFact {
  readonly title: string;
  readonly text: string;
}

/** How much of a list is told. */
interface Most {
  readonly reasons: number;
  readonly packages: number;
  readonly units: number;
}
const shortLists: Most = { reasons: 8, packages: 10, units: 12 };
const wholeLists: Most = { reasons: Infinity, packages: Infinity, units: Infinity };

/**
 * What is to be told of a machine that changes; what is not known, in one line for each cause.
 * @param length - `short`: long lists are cut, and say so.
 */
export function factsOf(plan: MachinePlan, length: "short" | "whole" = "short"): PlanFact[] {
  const most = length === "short" ? shortLists : wholeLists;
  const { reasons, packages, copy, reboot, units, warnings, notes } = plan;
  return [
    ...warnings.map((text, index) => ({ title: index === 0 ? "warning:" : "", text })),
    ...shortened(
      reasons.map(({ text }) => text),
      most.reasons,
    ).map((text, index) => ({ title: index === 0 ? "why:" : "", text })),
    ...(packages?.kind === "known" ? packageFacts(packages, most) : []),
    ...(copy?.kind === "known" ? [{ title: "copy:", text: renderCopy(copy) }] : []),
    ...(reboot === null || reboot.kind === "unknown" ? [] : [{ title: "reboot:", text: renderReboot(reboot) }]),
    ...unitFacts(units, most),
    ...deliveryFacts(plan, most),
    ...nodeFacts(plan.node),
    ...unknownFacts(plan),
    ...notes.map(({ kind, text }) => ({ title: `${kind}:`, text })),
  ];
}

function shortened(texts: readonly string[], most: number): string[] {
  if (texts.length <= most) return [...texts];
  return [...texts.slice(0, most - 1), `and ${texts.length - most + 1} more`];
}

function packageFacts(
  packages: Extract<NonNullable<MachinePlan["packages"]>, { kind: "known" }>,
  most: Most,
): PlanFact[] {
  const { added, removed, up, down, rebuilt, sizeBytes } = packages;
  const texts = [
    ...up.map((change) => renderVersions(change)),
    ...down.map((change) => `${renderVersions(change)} (down)`),
    ...added.map(({ name, after }) => `+${name} ${after.join(", ")}`),
    ...removed.map(({ name, before }) => `-${name} ${before.join(", ")}`),
  ];
  const others = rebuilt === 0 ? [] : [`${rebuilt} rebuilt`];
  const all = [...shortened(texts, most.packages), ...others];
  const change = sizeBytes.after - sizeBytes.before;
  const size = `${renderBytes(sizeBytes.after)} (${change < 0 ? "-" : "+"}${renderBytes(Math.abs(change))})`;
  return [
    { title: "packages:", text: all.length === 0 ? "the same" : all.join("; ") },
    { title: "size:", text: size },
  ];
}

function renderVersions({ name, before, after }: PackageChange): string {
  return `${name} ${before.join(", ")} → ${after.join(", ")}`;
}

function renderCopy({ paths, bytes, differences }: Extract<CopyPlan, { kind: "known" }>): string {
  if (paths === 0) return "nothing, the host has it all";
  const all = `${renderBytes(bytes)} in ${counted(paths, "path")}`;
  if (differences.kind === "unknown") return `at most ${all}, before compression and differences`;
  if (differences.kind === "none") return `${all}, before compression`;
  const { sentBytes, paths: alike } = differences;
  return `${all}, before compression; over a slow way about ${renderBytes(sentBytes)}, ${alike} as differences`;
}

function renderReboot({ kind, reasons, made }: Exclude<MachinePlan["reboot"], null | { kind: "unknown" }>): string {
  const words = {
    needed: `needed: ${reasons.join("; ")}`,
    "not-needed": "not needed",
    "not-applicable": "none: no kernel of its own",
  };
  const who = made ? "; the deployment makes it" : kind === "needed" ? "; the deployment does not make it" : "";
  return `${words[kind]}${who}`;
}

function unitFacts(units: MachinePlan["units"], most: Most): PlanFact[] {
  if (units === null || units.kind === "unknown") return [];
  if (units.kind === "at-boot") return [{ title: "units:", text: `none before the next boot: ${units.why}` }];
  const lists = (["restart", "stop", "start", "reload"] as const).flatMap((verb) =>
    renderUnits(verb, units[verb], most),
  );
  const texts = [...lists, ...renderUnits("changed, and left as it runs:", units.keep, most), ...units.unsure];
  const own = (units.dryActivation ?? []).map((line) => `by its own word: ${line}`);
  const all = texts.length === 0 ? ["none", ...own] : [...texts, ...own];
  return all.map((text, index) => ({ title: index === 0 ? "units:" : "", text }));
}

/** How it is brought there, as far as that is more than a switch. */
function deliveryFacts({ change, build, secrets, gates, wave }: MachinePlan, most: Most): PlanFact[] {
  return [
    ...(build?.state === "to-build" ? [{ title: "build:", text: renderBuild(build) }] : []),
    ...(change === "update" && secrets?.change === true
      ? [{ title: "secrets:", text: shortened(secrets.files, most.units).join(", ") }]
      : []),
    ...gates.map((text, index) => ({ title: index === 0 ? "health:" : "", text })),
    ...(wave === null ? [] : [{ title: "wave:", text: `${wave.number} of ${wave.of} (${wave.name})` }]),
  ];
}

/** `12 derivations here; 30 paths are fetched (48.2 MB)`. */
function renderBuild({ where, foreignPlatform, work }: BuildPlan): string {
  if (where === "target") return "on the host itself";
  const place =
    foreignPlatform === null ? "here" : `for ${foreignPlatform}, by a builder of this machine's Nix or emulated`;
  if (work?.kind !== "known") return place;
  const { derivations, fetched } = work;
  return [
    derivations === 0 ? "nothing" : `${counted(derivations, "derivation")} ${place}`,
    ...(fetched.paths === 0 ? [] : [`${counted(fetched.paths, "path")} to fetch (${renderBytes(fetched.bytes)})`]),
  ].join("; ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const actions = {
  none: "stays as it is",
  create: "is made",
  update: "is changed in place",
  replace: "is replaced by another one: its disk goes with it",
  delete: "is deleted",
  unknown: "unknown: the stack's state cannot be read",
} as const;

function nodeFacts(node: MachinePlan["node"]): PlanFact[] {
  if (node === null || node.action === "none") return [];
  const { action, changes, costPerMonth, zone, zonesTried } = node;
  const cost = [costPerMonth.before, costPerMonth.after].map((one) =>
    one === null ? "unknown" : `$${one.toFixed(2)}`,
  );
  const isMade = action === "create" || action === "replace";
  return [
    { title: "node:", text: [actions[action], ...changes].join("; ") },
    ...(isMade && zone.after !== null ? [{ title: "zone:", text: zone.after }] : []),
    ...(zonesTried.length === 0 ? [] : [{ title: "zone:", text: renderZones(zonesTried) }]),
    { title: "cost:", text: `${cost.join(" → ")} a month, by list prices` },
  ];
}

/** What `up` does where a zone is full, and where all are. */
function renderZones(zones: readonly string[]): string {
  return `the first with room of ${zones.join(", ")}; where none has room, \`up\` fails for this machine`;
}

function renderUnits(verb: string, units: readonly string[], most: Most): string[] {
  return units.length === 0 ? [] : [`${verb} ${shortened(units, most.units).join(", ")}`];
}

function unknownFacts({ packages, copy, reboot, units, build }: MachinePlan): PlanFact[] {
  const causes = new Map<string, string[]>();
  const fields = { packages, "bytes to copy": copy, reboot, units, "what is to be built": build?.work };
  for (const [what, value] of Object.entries(fields))
    if (value?.kind === "unknown") causes.set(value.why, [...(causes.get(value.why) ?? []), what]);
  return [...causes].map(([why, what], index) => ({
    title: index === 0 ? "unknown:" : "",
    text: `${what.join(", ")} (${why})`,
  }));
}

/** `12.3 MB`, in powers of ten. */
export function renderBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
