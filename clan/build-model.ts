import type { FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { classOfPlatform } from "./check-registry.ts";
import { type ComposedClan, isInline, type RegisteredMachine, type ServiceInstance } from "./composed-clan.ts";
import { EntryGraph, entryName, type Reach } from "./entry-graph.ts";
import { type FleetModel, fleetModelSchema, type MachineClass } from "./fleet-model.ts";
import { carriedTags, resolveMembers, resolveTags } from "./resolve-members.ts";
import type { VarsOnDisk } from "./vars/vars-on-disk.ts";

interface Resolved {
  readonly clan: ComposedClan;
  readonly classes: ReadonlyMap<string, MachineClass>;
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly reach: ReadonlyMap<string, Reach>;
}

/** The model of a fleet that was checked (check-registry.ts, check-inventory.ts). */
export function buildModel(evaluation: FlakeEvaluation, clan: ComposedClan, vars: VarsOnDisk): FleetModel {
  const classes = new Map([...clan.registry].map(([name, machine]) => [name, classOf(name, machine, clan)] as const));
  const tagged = new Map(
    [...classes].map(([name, machineClass]) => [name, { class: machineClass, tags: statedTags(name, clan) }] as const),
  );
  const tags = resolveTags(tagged, Object.fromEntries(clan.tags));
  const graph = new EntryGraph(evaluation);
  const inline = [...clan.instances.values()]
    .filter(({ module }) => module.imports.length > 0)
    .map(({ module, roles }) => ({ imports: module.imports, members: membersOf(roles, tags) }));
  const reach = new Map(
    [...clan.registry].map(([name, { imports }]) => {
      const served = inline.flatMap((instance) => servedImports(name, instance, classes));
      return [name, graph.reach([...imports, ...served])] as const;
    }),
  );
  const resolved = { clan, classes, tags, reach };
  // The schema brands the names and proves that nothing but JSON is left.
  return fleetModelSchema.parse({
    schema: 1,
    name: evaluation.definition.name,
    machines: Object.fromEntries(
      [...clan.registry].map(([name, machine]) => [name, machineModel(name, machine, resolved)]),
    ),
    namespaces: namespaceModels(evaluation, reach),
    instances: Object.fromEntries(
      [...clan.instances].map(([name, instance]) => [name, instanceModel(name, instance, resolved)]),
    ),
    tags: Object.fromEntries(tags),
    nodes: Object.fromEntries(
      [...clan.nodes].map(([name, node]) => [name, { ...node, definedAt: clan.at("nodes", name) }]),
    ),
    vars,
    secretStore: null,
  } satisfies Record<keyof Omit<FleetModel, "clanChecks">, unknown>);
}

function machineModel(name: string, { nixpkgs, imports }: RegisteredMachine, { clan, classes, reach, tags }: Resolved) {
  const inventory = clan.machines.get(name);
  const machineClass = classes.get(name) ?? classOfPlatform(nixpkgs.hostPlatform);
  return {
    class: machineClass,
    system: nixpkgs.hostPlatform,
    tags: carriedTags({ class: machineClass, tags: statedTags(name, clan) }),
    description: inventory?.description ?? null,
    targetHost: inventory?.deploy.targetHost ?? null,
    buildHost: inventory?.deploy.buildHost ?? null,
    imports: imports.map(entryName),
    users: [...new Set([...(reach.get(name)?.people ?? []), ...accounts(name, clan, tags)])].sort(),
    registered: true,
    inInventory: inventory !== undefined,
    definedAt: clan.at("clan", "machines", name),
  };
}

function namespaceModels(evaluation: FlakeEvaluation, reach: ReadonlyMap<string, Reach>) {
  const importers = new Map<string, string[]>();
  for (const [machine, { entries }] of reach) {
    for (const name of entries) {
      const known = importers.get(name);
      if (known === undefined) importers.set(name, [machine]);
      else known.push(machine);
    }
  }
  return Object.fromEntries(
    [...evaluation.namespaces].map(([className, entries]) => [
      className,
      Object.fromEntries(
        [...entries].map(([entry, definitions]) => [
          entry,
          {
            files: [...new Set(definitions.map(({ file }) => file))],
            importedBy: (importers.get(entryName({ class: className, entry })) ?? []).toSorted(),
          },
        ]),
      ),
    ]),
  );
}

function instanceModel(name: string, instance: ServiceInstance, { clan, tags }: Resolved) {
  const { module, roles } = instance;
  return {
    // An inline service is emitted as one of the fleet's own: clan.modules.<instance>.
    module: { name: module.name ?? name, input: isInline(instance) ? "self" : module.input },
    roles: Object.fromEntries(
      Object.entries(roles).map(([role, stated]) => {
        const assignment = { machines: Object.keys(stated.machines), tags: Object.keys(stated.tags) };
        return [role, { ...assignment, members: resolveMembers(assignment, tags), settings: stated.settings }];
      }),
    ),
    definedAt: clan.at("clan", "inventory", "instances", name),
  };
}

/** Entries of an inline service, and who has one of its roles. */
interface Served {
  readonly imports: ServiceInstance["module"]["imports"];
  readonly members: ReadonlySet<string>;
}

function membersOf(roles: ServiceInstance["roles"], tags: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  return new Set(
    Object.values(roles).flatMap(({ machines, tags: named }) =>
      resolveMembers({ machines: Object.keys(machines), tags: Object.keys(named) }, tags),
    ),
  );
}

/** What an inline service brings to a machine that has one of its roles. */
function servedImports(name: string, { imports, members }: Served, classes: ReadonlyMap<string, MachineClass>) {
  const fits = (entryClass: string): boolean => entryClass === "generic" || entryClass === classes.get(name);
  return members.has(name) ? imports.filter((reference) => fits(reference.class)) : [];
}

/**
 * Users that instances of clan-core's `users` service give an account on the machine.
 * Source: clan-core 26.05, `clanServices/users`: setting `user`.
 */
function accounts(name: string, clan: ComposedClan, tags: ReadonlyMap<string, readonly string[]>): string[] {
  return [...clan.instances].flatMap(([instanceName, { module, roles }]) => {
    if ((module.name ?? instanceName) !== "users" || (module.input ?? "clan-core") !== "clan-core") return [];
    return Object.values(roles).flatMap((role) => {
      const byTag = Object.entries(role.tags).filter(([tag]) => tags.get(tag)?.includes(name));
      const byName = role.machines[name];
      if (byTag.length === 0 && byName === undefined) return [];
      // The most specific setting counts: the machine's, the tag's, the role's.
      const settings = Object.assign({}, role.settings, ...byTag.map(([, tag]) => tag.settings), byName?.settings);
      return typeof settings.user === "string" ? [settings.user] : [];
    });
  });
}

function classOf(name: string, { nixpkgs }: RegisteredMachine, clan: ComposedClan): MachineClass {
  return clan.machines.get(name)?.machineClass ?? classOfPlatform(nixpkgs.hostPlatform);
}

/** Tags that the machine states itself, then those that `inventory.tags` gives it. */
function statedTags(name: string, clan: ComposedClan): string[] {
  const given = [...clan.tags].filter(([, machines]) => machines.includes(name)).map(([tag]) => tag);
  return [...(clan.machines.get(name)?.tags ?? []), ...given];
}
