import { basename, join } from "node:path";
import type { FleetError } from "../../errors.ts";
import type { EvaluationSettings } from "../../local-nix/evaluation-request.ts";
import { type FleetModel, fleetModelSchema, type MachineClass } from "../fleet-model.ts";
import { carriedTags, resolveMembers, resolveTags } from "../resolve-members.ts";
import type { VarsOnDisk } from "../vars/vars-on-disk.ts";
import { Declarations } from "./declarations.ts";
import { fileIn } from "./origin.ts";
import { AdoptedReach, entriesIn, nameOf, statedImports } from "./reach.ts";
import type { FlakeInventory } from "./read-inventory.ts";
import type { ImportNode, MachineReading } from "./read-machines.ts";

/** Everything that was read of a flake. */
export interface FlakeReading {
  readonly tree: EvaluationSettings["tree"];
  readonly inventory: FlakeInventory;
  /** Of those machines whose configuration was read. */
  readonly machines: ReadonlyMap<string, MachineReading>;
  readonly problems: ReadonlyMap<string, FleetError>;
  /** Machine → host that a network exports. */
  readonly exported: ReadonlyMap<string, string>;
  readonly vars: VarsOnDisk;
}

/**
 * The model of an adopted flake, in the words of authored ones.
 * @param names - the machines that are a part of it (machineClasses).
 */
export function adoptedModel(reading: FlakeReading, names: ReadonlyMap<string, MachineClass>): FleetModel {
  const { inventory, tree, machines, vars } = reading;
  const { clan } = inventory;
  const tags = resolveTags(
    new Map([...names].map(([name, ofClass]) => [name, { class: ofClass, tags: clan?.machines[name]?.tags ?? [] }])),
    clan?.tags,
  );
  const declarations = new Declarations(tree);
  const generators = [...machines].filter(([, { generators }]) => Object.keys(generators).length > 0);
  return fleetModelSchema.parse({
    schema: 1,
    name: clan?.name ?? flakeName(tree.root),
    machines: Object.fromEntries(
      [...names].map(([name, ofClass]) => [name, machineModel(name, ofClass, reading, declarations)]),
    ),
    namespaces: namespaceModels(reading, names),
    instances: instanceModels(inventory, tags, declarations),
    tags: Object.fromEntries(tags),
    nodes: {},
    vars: {
      ...vars,
      ...(generators.length === 0
        ? {}
        : { generators: Object.fromEntries(generators.map(([name, { generators }]) => [name, generators])) }),
    },
    secretStore:
      clan?.secretStore ?? [...machines.values()].find(({ secretStore }) => secretStore)?.secretStore ?? null,
    ...(clan === null || clan.checks.length === 0 ? {} : { clanChecks: clan.checks }),
  } satisfies Record<keyof Omit<FleetModel, "clanChecks">, unknown>);
}

/** Every machine that the flake has, with its class: what has a configuration, then what only inventory or registry name. */
export function machineClasses({ configurations, registry, clan }: FlakeInventory): Map<string, MachineClass> {
  const classes = new Map<string, MachineClass>();
  for (const ofClass of ["nixos", "darwin"] as const)
    for (const name of Object.keys(configurations[ofClass])) classes.set(name, ofClass);
  for (const name of [...Object.keys(clan?.machines ?? {}), ...Object.keys(registry ?? {})])
    if (!classes.has(name)) classes.set(name, clan?.machines[name]?.class ?? "nixos");
  return new Map([...classes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function machineModel(
  name: string,
  ofClass: MachineClass,
  { inventory, machines, problems, exported, tree }: FlakeReading,
  declarations: Declarations,
) {
  const { clan, registry, configurations } = inventory;
  const stated = clan?.machines[name];
  const own = machines.get(name);
  const registered = registry?.[name];
  const problem = problems.get(name);
  // Of a clan's machines Nix has the place where clan-core made the set, of a plain flake's the author's line.
  const position = clan === null ? (configurations[ofClass][name] ?? null) : null;
  const statedIn = clan?.statedIn.machines[name];
  const targetHost = stated?.targetHost ?? hostOfRoot(exported.get(name)) ?? own?.targetHost ?? null;
  return {
    class: ofClass,
    system: own?.system ?? registered?.hostPlatform[0] ?? null,
    tags: carriedTags({ class: ofClass, tags: stated?.tags ?? [] }),
    description: stated?.description ?? null,
    targetHost,
    buildHost: stated?.buildHost ?? own?.buildHost ?? null,
    imports: entriesIn(registered?.imports ?? importedFirst(own)),
    users: [...new Set([...(own?.users ?? []), ...(own?.homes ?? [])])].sort(),
    registered: registry === null ? Object.hasOwn(configurations[ofClass], name) : registered !== undefined,
    inInventory:
      stated !== undefined && (statedIn === undefined || statedIn.some((file) => isStatement(file, name, tree))),
    definedAt: declarations.find("machines", name, [...(registered?.files ?? []), ...(statedIn ?? [])], position),
    ...(problem === undefined ? {} : { problem: problem.facts.found }),
  };
}

/** Exports name hosts; clan logs in as root. Source: clan-core d7c35d912, `clan_lib/network`. */
function hostOfRoot(host: string | undefined): string | undefined {
  if (host === undefined || host.includes("@")) return host;
  return host.includes(":") && !host.startsWith("[") && host.split(":").length > 2 ? `root@[${host}]` : `root@${host}`;
}

/** Without a registry: the entries nearest to the top of the import graph. */
function importedFirst(reading: MachineReading | undefined): string[] {
  const search = (nodes: readonly ImportNode[]): string[] =>
    nodes.flatMap(({ file, imports }) => (entriesIn([file]).length > 0 ? [file] : search(imports)));
  return search(reading?.graph ?? []);
}

/**
 * clan-core makes a machine of every registry entry and of every folder below `machines/`; neither is a statement.
 * Source: clan-core d7c35d912, modules/clan/module.nix.
 */
function isStatement(file: string | null, name: string, tree: EvaluationSettings["tree"]): boolean {
  if (file === null) return false;
  const derived = /\/modules\/clan\/(?:module|default)\.nix(?:,|$)/.test(file) && fileIn(file, tree) === undefined;
  return !derived && !file.replace(/, via option .*$/s, "").endsWith(`/machines/${name}`);
}

function namespaceModels(reading: FlakeReading, names: ReadonlyMap<string, MachineClass>) {
  const { inventory, machines, tree } = reading;
  const reach = new AdoptedReach(statedImports(inventory.namespaces));
  const reached = [...names.keys()].map((name) => {
    const own = machines.get(name);
    const imports = entriesIn(inventory.registry?.[name]?.imports ?? importedFirst(own));
    return [name, reach.of(imports, own)] as const;
  });
  return Object.fromEntries(
    Object.entries(inventory.namespaces).map(([ofClass, entries]) => [
      ofClass,
      Object.fromEntries(
        Object.entries(entries).map(([entry, { files }]) => [
          entry,
          {
            // Nix merges in an order of its own; the files' is the one that people know.
            files: [...new Set(files.flatMap((file) => (file === null ? [] : (fileIn(file, tree) ?? []))))].sort(),
            importedBy: reached
              .filter(([, found]) => found.has(nameOf({ class: ofClass, entry })))
              .map(([machine]) => machine),
          },
        ]),
      ),
    ]),
  );
}

function instanceModels(
  { clan }: FlakeInventory,
  tags: ReadonlyMap<string, readonly string[]>,
  declarations: Declarations,
) {
  const instances = new Map(Object.entries(clan?.instances ?? {}));
  // Services of the old kind name instances within each service only.
  for (const { name, service, value } of clan?.legacy ?? [])
    instances.set(instances.has(name) ? `${service}-${name}` : name, value);
  return Object.fromEntries(
    [...instances].map(([name, { module, roles }]) => {
      const resolved = Object.entries(roles).map(([role, stated]) => {
        const assignment = { machines: Object.keys(stated.machines), tags: Object.keys(stated.tags) };
        const settings = isRecord(stated.settings) ? stated.settings : {};
        return [role, { ...assignment, members: resolveMembers(assignment, tags), settings }] as const;
      });
      const definedAt = declarations.find("instances", name, clan?.statedIn.instances[name] ?? []);
      return [name, { module, roles: Object.fromEntries(resolved), definedAt }];
    }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A flake without a clan has no name of its own: its folder's, or its repository's. */
function flakeName(root: string): string {
  const plain = root.replace(/[?#].*$/, "").replace(/^([a-z+]+):/, "");
  const parts = /^(?:github|gitlab|sourcehut):/.test(root) ? plain.split("/").slice(0, 2).join("/") : plain;
  return basename(join("/", parts)).replace(/\.(?:git|tar\.gz|zip)$/, "") || "flake";
}
