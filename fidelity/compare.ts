import { isDeepStrictEqual } from "node:util";
import type { MachinePlan, Reason } from "../clan/plan/machine-plan.ts";
import { type ClosurePath, comparePackages } from "../clan/plan/package-changes.ts";
import type { Snapshot } from "./host-snapshot.ts";

/** What became of a plan. */
export interface Happened {
  /** Whether the provider saw anything to deploy. */
  readonly deployed: boolean;
  /** Kind of the deployment's outcome; null: none was made. */
  readonly outcome: string | null;
  /** null: the host is off. */
  readonly before: Snapshot | null;
  readonly after: Snapshot | null;
  /** Closures, by the host's own store: what ran, and what was declared. */
  readonly closures: { readonly before: readonly ClosurePath[]; readonly after: readonly ClosurePath[] } | null;
  /** What of the declared system differs from what was booted: kernel, initrd, modules, parameters; or an inhibited switch. */
  readonly bootDiffers: boolean | null;
  /** Units that either system defines. */
  readonly ownUnits: ReadonlySet<string>;
  /** Reasons that must be told. */
  readonly reasons: readonly Pick<Reason, "kind" | "name">[];
}

/** One field of a plan against what happened. */
export interface Statement {
  readonly field: string;
  readonly verdict: "right" | "wrong" | "unknown";
  readonly planned: string;
  readonly happened: string;
}

/** Every field of a plan that could be told true or false. A field that is null makes no statement. */
export function judgePlan(plan: MachinePlan, happened: Happened): Statement[] {
  const { before } = happened;
  return [
    judgeChange(plan, happened),
    statement("reachable", plan.reachable, before !== null),
    ...(plan.current === null ? [unknown("current")] : [statement("current", plan.current, before?.current)]),
    ...judgeReasons(plan, happened),
    ...judgeSystems(plan, happened),
    ...judgeUnits(plan, happened),
    ...judgeSecrets(plan, happened),
  ];
}

function judgeChange(plan: MachinePlan, { deployed, before, after }: Happened): Statement {
  if (plan.change === "unknown") return unknown("change");
  const moved =
    before !== null && after !== null && (before.current !== after.current || before.profile !== after.profile);
  return statement("change", plan.change, deployed || moved ? "update" : "none");
}

function judgeReasons({ change, reasons }: MachinePlan, happened: Happened): Statement[] {
  if (change !== "update") return [];
  if (reasons.some(({ kind }) => kind === "unknown")) return [unknown("why")];
  const told = reasons.map(({ kind, name }) => `${kind} ${name ?? ""}`.trim());
  const due = happened.reasons.map(({ kind, name }) => `${kind} ${name ?? ""}`.trim());
  // What happened to a host beside that is told in addition; what changed of the fleet is neither more nor less.
  const ofFleet = (names: readonly string[]): string[] => names.filter((name) => name.startsWith("entry ")).sort();
  const isRight = due.every((name) => told.includes(name)) && isDeepStrictEqual(ofFleet(told), ofFleet(due));
  return [{ field: "why", verdict: isRight ? "right" : "wrong", planned: told.join(", "), happened: due.join(", ") }];
}

function judgeSystems({ packages, copy, reboot }: MachinePlan, happened: Happened): Statement[] {
  const { before, after, closures, bootDiffers } = happened;
  const known = <T extends { readonly kind: string }>(
    field: string,
    planned: T | null,
    actual: (planned: T) => [unknown, unknown] | null,
  ): Statement[] => {
    if (planned === null) return [];
    if (planned.kind === "unknown") return [unknown(field)];
    const pair = actual(planned);
    return pair === null ? [] : [statement(field, ...pair)];
  };
  return [
    ...known("packages", packages, (planned) =>
      closures === null ? null : [planned, comparePackages(closures.before, closures.after)],
    ),
    ...known("copy", copy, (planned) => {
      if (before === null || after === null || planned.kind === "unknown") return null;
      const come = [...after.store].filter(([path]) => !before.store.has(path));
      const bytes = come.reduce((sum, [, size]) => sum + size, 0);
      return [
        { paths: planned.paths, bytes: planned.bytes },
        { paths: come.length, bytes },
      ];
    }),
    ...known("reboot", reboot, ({ kind }) => (bootDiffers === null ? null : [kind === "needed", bootDiffers])),
    ...(reboot === null || reboot.kind === "unknown" || before === null || after === null
      ? []
      : [statement("rebooted", reboot.made, before.bootId !== after.bootId)]),
  ];
}

function judgeSecrets({ secrets }: MachinePlan, { before, after }: Happened): Statement[] {
  if (secrets === null || before === null || after === null) return [];
  return [statement("secrets", secrets.change, before.key !== after.key)];
}

const switched = ["switched", "switched-with-failed-units"];

function judgeUnits({ units }: MachinePlan, happened: Happened): Statement[] {
  const { before, after, ownUnits, outcome } = happened;
  if (units === null) return [];
  if (units.kind === "unknown") return [unknown("units")];
  if (before === null || after === null) return [];
  if (before.bootId !== after.bootId) return []; // everything was started anew
  const effects = unitEffects(before, after, ownUnits);
  const none = { stop: [], start: [], restart: [], reload: [] };
  if (units.kind === "at-boot") return [statement("units", none, effects)];
  // A rollback starts what it stopped: what a plan tells is the way there.
  if (outcome === null || !switched.includes(outcome)) return [];
  const { stop, start, restart, reload, keep } = units;
  const kept = keep.filter((unit) => Object.values(effects).some((list) => list.includes(unit)));
  return [
    ...(["stop", "start", "restart", "reload"] as const).map((verb) =>
      statement(`units to ${verb}`, { stop, start, restart, reload }[verb], effects[verb]),
    ),
    statement("units left alone", [], kept),
  ];
}

/** What was done to units between two moments. A job that ran and ended was started. */
export function unitEffects(
  before: Snapshot,
  after: Snapshot,
  own: ReadonlySet<string>,
): Readonly<Record<"stop" | "start" | "restart" | "reload", string[]>> {
  const runs = (state: string | undefined): boolean => ["active", "activating", "reloading"].includes(state ?? "");
  const names = [...new Set([...before.units.keys(), ...after.units.keys()])]
    .filter((unit) => own.has(unit) && !unit.endsWith(".target"))
    .sort();
  const told = names.map((unit) => {
    const [old, now] = [before.units.get(unit), after.units.get(unit)];
    const isAnother = (now?.invocation ?? "") !== "" && now?.invocation !== old?.invocation;
    if (runs(old?.state)) return [unit, runs(now?.state) ? (isAnother ? "restart" : "none") : "stop"] as const;
    return [unit, isAnother ? "start" : "none"] as const;
  });
  const of = (effect: string): string[] => told.flatMap(([unit, what]) => (what === effect ? [unit] : []));
  const ran = after.runs.slice(before.runs.length);
  const reload = [...new Set(after.reloads.slice(before.reloads.length))].sort();
  return { stop: of("stop"), start: [...new Set([...of("start"), ...ran])].sort(), restart: of("restart"), reload };
}

function statement(field: string, planned: unknown, happened: unknown): Statement {
  const verdict = isDeepStrictEqual(planned, happened) ? "right" : "wrong";
  return { field, verdict, planned: render(planned), happened: render(happened) };
}

function unknown(field: string): Statement {
  return { field, verdict: "unknown", planned: "unknown", happened: "" };
}

function render(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
