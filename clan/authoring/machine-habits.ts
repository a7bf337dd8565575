import { evaluateBody } from "../../composition/body/evaluate-body.ts";
import { collectReferences } from "../../composition/body/references.ts";
import { isSpliceName } from "../../composition/body/splice.ts";
import type { EntryDefinition, FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import { isAttributeSet } from "../../composition/evaluation/definition.ts";
import { computedTags } from "../checks/tags.ts";
import { entryName } from "../entry-graph.ts";
import type { FleetModel, MachineClass, MachineModel } from "../fleet-model.ts";
import type { AuthoredFleet } from "../read-fleet.ts";

/** What the machines of a class, two at least, have in common: what a further one most likely is like. */
export interface MachineHabits {
  /** The most frequent platform; null: there is no machine of the class. */
  readonly system: string | null;
  /** Entries that each imports itself, `<class>/<entry>`, in the order of the first. */
  readonly imports: readonly string[];
  /** Tags that each carries, without those that clan computes. */
  readonly tags: readonly string[];
  /** Users that each has a home for in its own files. */
  readonly users: readonly string[];
  /** Target host with `{name}` for the machine's name; null: they do not agree. */
  readonly targetHost: string | null;
  /** The newest `system.stateVersion` that one of them states itself. */
  readonly stateVersion: string | null;
}

/** @param machineClass - of the machine to come. */
export function machineHabits({ model, evaluation }: AuthoredFleet, machineClass: MachineClass): MachineHabits {
  const siblings = Object.entries(model.machines).filter(([, { class: one }]) => one === machineClass);
  const machines = siblings.map(([, machine]) => machine);
  const bodies = siblings.map(([name, machine]) => machineBodies(name, machine, evaluation));
  return {
    system: mostFrequent(machines.flatMap(({ system }) => system ?? [])),
    imports: shared(bodies.map((body) => importsAt(body, ["imports"]))) ?? onlyBase(bodies),
    tags: shared(machines.map(({ tags }) => tags.filter((tag) => !computedTags.has(tag)))) ?? [],
    users: shared(bodies.map(homesOf)) ?? [],
    targetHost: agreed(siblings.map(([name, { targetHost }]) => targetHost?.replaceAll(name, "{name}") ?? null)),
    stateVersion:
      bodies
        .flatMap((all) => all.flatMap(stateVersionOf))
        .sort()
        .at(-1) ?? null,
  };
}

/** Entries that every home of a user imports, on whichever machine; none: nobody has one. */
export function homeHabits({ model, evaluation }: AuthoredFleet, user: string): readonly string[] {
  const homes = Object.entries(model.machines)
    .map(([name, machine]) => importsAt(machineBodies(name, machine, evaluation), homePath(user)))
    .filter((imports) => imports.length > 0);
  return inAll(homes);
}

/** Where a machine's entry states what a user's home imports. */
export function homePath(user: string): readonly string[] {
  return ["home-manager", "users", user, "imports"];
}

/** An instance of clan-core's users service and the role that gives one user an account. */
export interface AccountRole {
  readonly instance: string;
  readonly role: string;
  readonly members: readonly string[];
  /** Tags by which it has members. */
  readonly tags: readonly string[];
}

/** Source: clan-core 26.05, `clanServices/users`: setting `user`. */
export function accountRoles({ instances }: FleetModel, user: string): readonly AccountRole[] {
  return Object.entries(instances).flatMap(([instance, { module, roles }]) => {
    if (module.name !== "users" || (module.input ?? "clan-core") !== "clan-core") return [];
    return Object.entries(roles).flatMap(([role, { settings, members, tags }]) =>
      settings["user"] === user ? [{ instance, role, members, tags }] : [],
    );
  });
}

function bodiesOf(evaluation: FlakeEvaluation, className: string, entry: string): readonly EntryDefinition[] {
  return evaluation.namespaces.get(className)?.get(entry) ?? [];
}

/** Definitions of the machine's own entries: those that its registry imports and that have its name. */
function machineBodies(
  name: string,
  { imports }: MachineModel,
  evaluation: FlakeEvaluation,
): readonly EntryDefinition[] {
  return imports.flatMap((imported) => {
    const slash = imported.indexOf("/");
    const entry = imported.slice(slash + 1);
    return entry.split("/").includes(name) ? bodiesOf(evaluation, imported.slice(0, slash), entry) : [];
  });
}

/** Entries that definitions of one entry import at a path of their bodies. */
export function importsAt(bodies: readonly EntryDefinition[], path: readonly string[]): readonly string[] {
  return bodies.flatMap((definition) =>
    collectReferences(definition.body, definition)
      .filter(({ at, inText }) => !inText && at.join("\0") === path.join("\0"))
      .map(({ reference }) => entryName(reference)),
  );
}

function stateVersionOf(definition: EntryDefinition): readonly string[] {
  const stated = attributesOf(definition, "system")["stateVersion"];
  return typeof stated === "string" ? [stated] : [];
}

/** Users with a home. */
function homesOf(bodies: readonly EntryDefinition[]): readonly string[] {
  return bodies
    .flatMap((definition) => Object.keys(attributesOf(definition, "home-manager", "users")))
    .filter((name) => !isSpliceName(name));
}

function attributesOf(definition: EntryDefinition, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const evaluated = evaluateBody(definition.body, definition);
  const whole: unknown = evaluated.kind === "attributes" ? evaluated.attributes : {};
  const found = path.reduce((inner, name) => (isAttributeSet(inner) ? inner[name] : undefined), whole);
  return isAttributeSet(found) ? found : {};
}

/** @returns undefined where one machine alone says it: what it has may be its own, such as a tag that makes it a controller. */
function shared(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  return lists.length < 2 ? undefined : inAll(lists);
}

/** Entries that are named for being in every machine of the class. */
function onlyBase(bodies: readonly (readonly EntryDefinition[])[]): readonly string[] {
  return bodies.flatMap((body) => importsAt(body, ["imports"])).filter((entry) => /^[^/]+\/base$/.test(entry));
}

/** Members of every list, in the order of the first. */
function inAll(lists: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = lists;
  return [...new Set(first)].filter((name) => others.every((list) => list.includes(name)));
}

function agreed(values: readonly (string | null)[]): string | null {
  const [first = null] = values;
  return first !== null && values.every((value) => value === first) ? first : null;
}

function mostFrequent(values: readonly string[]): string | null {
  const groups = [...Map.groupBy(values, (value) => value).values()];
  return groups.sort((a, b) => b.length - a.length)[0]?.[0] ?? null;
}
