import type { FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { schemaUse } from "../composition/schema-use.ts";
import { classOfPlatform } from "./check-registry.ts";
import { type ComposedClan, isInline, type RegisteredMachine, type ServiceInstance } from "./composed-clan.ts";
import { entryGraph, entryName, type Reach } from "./entry-graph.ts";
import { type FleetModel, fleetModelSchema, type MachineClass } from "./fleet-model.ts";
import { carriedTags, resolveMembers, resolveTags } from "./resolve-members.ts";
import type { VarsOnDisk } from "./vars/vars-on-disk.ts";

interface Resolved {
  readonly clan: ComposedClan;
  /** Class and stated tags of each machine. */
  readonly tagged: ReadonlyMap<string, { readonly class: MachineClass; readonly tags: readonly string[] }>;
  readonly tags: ReadonlyMap<string, readonly string[]>;
  /** The same, for questions about single machines. */
  readonly carriers: ReadonlyMap<string, ReadonlySet<string>>;
  readonly reach: ReadonlyMap<string, Reach>;
}

/** The model of a fleet that was checked (check-registry.ts, check-inventory.ts). */
export function buildModel(evaluation: FlakeEvaluation, clan: ComposedClan, vars: VarsOnDisk): FleetModel {
  const classes = new Map([...clan.registry].map(([name, machine]) => [name, classOf(name, machine, clan)] as const));
  const given = givenTags(clan);
  const tagged = new Map(
    [...classes].map(([name, machineClass]) => {
      const tags = [...(clan.machines.get(name)?.tags ?? []), ...(given.get(name) ?? [])];
      return [name, { class: machineClass, tags }] as const;
    }),
  );
  const tags = resolveTags(tagged, Object.fromEntries(clan.tags));
  const graph = entryGraph(evaluation);
  const inline = [...clan.instances.values()]
    .filter(({ module }) => module.imports.length > 0)
    .map(({ module, roles }) => ({ imports: module.imports, members: membersOf(roles, tags) }));
  const reach = new Map(
    [...clan.registry].map(([name, { imports }]) => {
      const served = inline.flatMap((instance) => servedImports(name, instance, classes));
      return [name, graph.reach([...imports, ...served])] as const;
    }),
  );
  const carriers = new Map([...tags].map(([tag, machines]) => [tag, new Set(machines)] as const));
  const resolved = { clan, tagged, tags, carriers, reach };
  const model = {
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
  } satisfies Record<keyof Omit<FleetModel, "clanChecks">, unknown>;
  // The schema brands the names and proves that nothing but JSON is left.
  return fleetModelSchema.parse(model, schemaUse(clan.registry.size));
}

function machineModel(name: string, { nixpkgs, imports }: RegisteredMachine, resolved: Resolved) {
  const { clan, carriers, reach } = resolved;
  const inventory = clan.machines.get(name);
  const tagged = resolved.tagged.get(name) ?? { class: classOfPlatform(nixpkgs.hostPlatform), tags: [] };
  return {
    class: tagged.class,
    system: nixpkgs.hostPlatform,
    tags: carriedTags(tagged),
    description: inventory?.description ?? null,
    targetHost: inventory?.deploy.targetHost ?? null,
    buildHost: inventory?.deploy.buildHost ?? null,
    imports: imports.map(entryName),
    users: [...new Set([...(reach.get(name)?.people ?? []), ...accounts(name, clan, carriers)])].sort(),
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
function accounts(name: string, clan: ComposedClan, carriers: Resolved["carriers"]): string[] {
  return [...clan.instances].flatMap(([instanceName, { module, roles }]) => {
    if ((module.name ?? instanceName) !== "users" || (module.input ?? "clan-core") !== "clan-core") return [];
    return Object.values(roles).flatMap((role) => {
      const byTag = Object.entries(role.tags).filter(([tag]) => carriers.get(tag)?.has(name));
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

/** Machine → tags that `inventory.tags` gives it, beside those that it states itself. */
function givenTags(clan: ComposedClan): ReadonlyMap<string, readonly string[]> {
  const given = new Map<string, string[]>();
  for (const [tag, machines] of clan.tags) {
    for (const machine of new Set(machines)) {
      const tags = given.get(machine);
      if (tags === undefined) given.set(machine, [tag]);
      else tags.push(tag);
    }
  }
  return given;
}
