import { compareText } from "../../composition/nearest.ts";
import type { FleetModel, MachineModel } from "../fleet-model.ts";

/** Names that are in one list and not in the other, each in their order. */
export interface Difference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** A plain fact that changed; null: not stated. */
export interface ChangedFact {
  readonly fact: "class" | "system" | "targetHost" | "buildHost" | "description";
  readonly before: string | null;
  readonly after: string | null;
}

export interface MachineDifference {
  readonly facts: readonly ChangedFact[];
  readonly tags: Difference;
  /** `<instance>/<role>`. */
  readonly roles: Difference;
  /** `<class>/<entry>`, through any chain of imports. */
  readonly entries: Difference;
  readonly users: Difference;
}

export interface InstanceDifference {
  /** Service before and after; absent: the same. */
  readonly service?: { readonly before: string; readonly after: string };
  /** Role → members. Only those roles that differ. */
  readonly members: Readonly<Record<string, Difference>>;
  /** Roles whose settings differ. */
  readonly settings: readonly string[];
}

/** What differs between two fleets, or two states of one; what is the same on both sides is left out. */
export interface FleetDifference {
  readonly schema: 1;
  readonly machines: Difference & { readonly changed: Readonly<Record<string, MachineDifference>> };
  readonly instances: Difference & { readonly changed: Readonly<Record<string, InstanceDifference>> };
  /** `<class>/<entry>` → files that define it. */
  readonly entries: Difference & { readonly changed: Readonly<Record<string, Difference>> };
  readonly tags: Difference;
}

/** Compares two models. A machine that is on both sides is compared in what it is given, one that is new is only named. */
export function diffModels(before: FleetModel, after: FleetModel): FleetDifference {
  const entriesBefore = entriesOf(before);
  const entriesAfter = entriesOf(after);
  return {
    schema: 1,
    machines: {
      ...difference(Object.keys(before.machines), Object.keys(after.machines)),
      changed: changed(before.machines, after.machines, (name, a, b) => {
        const found = machineDifference(name, a, b, before, after);
        const lists = [found.tags, found.roles, found.entries, found.users];
        return found.facts.length > 0 || lists.some(isDifferent) ? found : undefined;
      }),
    },
    instances: {
      ...difference(Object.keys(before.instances), Object.keys(after.instances)),
      changed: changed(before.instances, after.instances, (_, a, b) => instanceDifference(a, b)),
    },
    entries: {
      ...difference(Object.keys(entriesBefore), Object.keys(entriesAfter)),
      changed: changed(entriesBefore, entriesAfter, (_, a, b) => {
        const files = difference(a, b);
        return isDifferent(files) ? files : undefined;
      }),
    },
    tags: difference(Object.keys(before.tags), Object.keys(after.tags)),
  };
}

/** True where something was gained or lost. */
export function isDifferent({ gained, lost }: Difference): boolean {
  return gained.length > 0 || lost.length > 0;
}

/** True where the two fleets are the same. */
export function isSame({ machines, instances, entries, tags }: FleetDifference): boolean {
  const parts = [machines, instances, entries];
  return !isDifferent(tags) && parts.every((part) => !isDifferent(part) && Object.keys(part.changed).length === 0);
}

const facts = ["class", "system", "targetHost", "buildHost", "description"] as const;

function machineDifference(
  name: string,
  a: MachineModel,
  b: MachineModel,
  before: FleetModel,
  after: FleetModel,
): MachineDifference {
  return {
    facts: facts.flatMap((fact) => (a[fact] === b[fact] ? [] : [{ fact, before: a[fact], after: b[fact] }])),
    tags: difference(a.tags, b.tags),
    roles: difference(rolesOf(name, before), rolesOf(name, after)),
    entries: difference(reachedBy(name, before), reachedBy(name, after)),
    users: difference(a.users, b.users),
  };
}

type Instance = FleetModel["instances"][string];

function instanceDifference(a: Instance, b: Instance): InstanceDifference | undefined {
  const [before, after] = [serviceOf(a), serviceOf(b)];
  const roles = [...new Set([...Object.keys(a.roles), ...Object.keys(b.roles)])].sort(compareText);
  const members = roles.flatMap((role) => {
    const found = difference(a.roles[role]?.members ?? [], b.roles[role]?.members ?? []);
    return isDifferent(found) ? [[role, found] as const] : [];
  });
  const settings = roles.filter((role) => sorted(a.roles[role]?.settings) !== sorted(b.roles[role]?.settings));
  if (before === after && members.length === 0 && settings.length === 0) return undefined;
  return {
    ...(before === after ? {} : { service: { before, after } }),
    members: Object.fromEntries(members),
    settings,
  };
}

function serviceOf({ module }: Instance): string {
  return `${module.name} of ${module.input ?? "clan-core"}`;
}

function rolesOf(machine: string, { instances }: FleetModel): string[] {
  return Object.entries(instances).flatMap(([instance, { roles }]) =>
    Object.entries(roles).flatMap(([role, { members }]) => (members.includes(machine) ? [`${instance}/${role}`] : [])),
  );
}

function reachedBy(machine: string, { namespaces }: FleetModel): string[] {
  return Object.entries(namespaces).flatMap(([className, entries]) =>
    Object.entries(entries).flatMap(([entry, { importedBy }]) =>
      importedBy.includes(machine) ? [`${className}/${entry}`] : [],
    ),
  );
}

function entriesOf({ namespaces }: FleetModel): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(namespaces).flatMap(([className, entries]) =>
      Object.entries(entries).map(([entry, { files }]) => [`${className}/${entry}`, files] as const),
    ),
  );
}

function changed<T, D>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  compare: (name: string, a: T, b: T) => D | undefined,
): Readonly<Record<string, D>> {
  const others = new Map(Object.entries(after));
  const found = Object.entries(before).flatMap(([name, a]) => {
    const b = others.get(name);
    const result = b === undefined ? undefined : compare(name, a, b);
    return result === undefined ? [] : [[name, result] as const];
  });
  return Object.fromEntries(found.sort(([a], [b]) => compareText(a, b)));
}

function difference(before: readonly string[], after: readonly string[]): Difference {
  const [old, now] = [new Set(before), new Set(after)];
  return {
    gained: [...now].filter((name) => !old.has(name)).sort(compareText),
    lost: [...old].filter((name) => !now.has(name)).sort(compareText),
  };
}

/** JSON whose objects have their keys in order: the same settings, the same text. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => compareText(a, b)))
      : inner,
  );
}
