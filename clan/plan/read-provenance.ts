import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { compareText } from "../../composition/nearest.ts";
import type { Report } from "../../report.ts";
import { type LockedInput, ownInputs, readLock } from "../checks/disk/flake-lock.ts";
import { flakeFolder } from "../flake/origin.ts";
import type { FleetModel } from "../fleet-model.ts";
import { type GraphNode, nodeOf } from "../graph/fleet-graph.ts";
import { GraphWalk } from "../graph/follow.ts";
import { readGraph } from "../graph/read-graph.ts";
import type { Fleet } from "../read-fleet.ts";
import { digestOf, type Provenance } from "./provenance.ts";

/**
 * What machines are made of as the fleet stands now, by imports. Builds and evaluates nothing.
 * @param overrideInputs - input of the flake → reference that is taken instead.
 */
export async function readProvenances(
  fleet: Fleet,
  machines: readonly string[],
  overrideInputs: Readonly<Record<string, string>>,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Provenance>> {
  const root = fleet.kind === "adopted" ? flakeFolder(fleet.flake.settings.tree) : fleet.evaluation.root;
  const graph = await readGraph(fleet, report, signal, "unnamed");
  const walk = new GraphWalk(graph);
  const inputs = await readInputs(root, overrideInputs);
  // What many machines share is read and summed up once: a fleet of a thousand has each of its files a thousand times.
  const files = await readDigests(root, namesOf(graph.nodes, "file"));
  const instances = instanceDigests(fleet.model);
  const made = machines.map((machine) => {
    const reached = [...walk.reach(machine).keys()].map(nodeOf).sort((a, b) => compareText(a.name, b.name));
    const provenance: Provenance = {
      files: pick(files, namesOf(reached, "file")),
      entries: namesOf(reached, "entry"),
      tags: namesOf(reached, "tag"),
      roles: namesOf(reached, "role"),
      instances: pick(instances, namesOf(reached, "instance")),
      inputs,
    };
    return [machine, provenance] as const;
  });
  return new Map(made);
}

function pick(digests: ReadonlyMap<string, string>, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const digest = digests.get(name);
    return digest === undefined ? [] : [[name, digest] as const];
  });
  return Object.fromEntries(found);
}

function namesOf(nodes: readonly GraphNode[], wanted: GraphNode["kind"]): string[] {
  return nodes.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
}

/** File → digest; those that are not there have none. */
async function readDigests(root: string, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(files.map(async (file) => [file, await readDigest(join(root, file))] as const));
  return new Map(found.flatMap(([file, digest]) => (digest === undefined ? [] : [[file, digest] as const])));
}

/** Of a folder all that lies below it. @returns undefined: it is not there. */
async function readDigest(path: string): Promise<string | undefined> {
  try {
    if (!path.endsWith("/")) return digestOf(await readFile(path));
    const below = await readdir(path, { recursive: true, withFileTypes: true });
    const files = below
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => ({ file: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
      .sort((a, b) => compareText(a.file, b.file));
    const parts = await Promise.all(
      // Where a link leads is what it says: clan's vars name machines and users so.
      files.map(async ({ file, isLink }) => [
        file.slice(path.length),
        isLink ? await readlink(file) : await readFile(file),
      ]),
    );
    return digestOf(...parts.flat());
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EISDIR"))
      return undefined;
    throw error;
  }
}

function instanceDigests({ instances }: FleetModel): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(instances).map(([name, { module, roles }]) => {
      const settings = Object.entries(roles).map(([role, { settings }]) => [role, settings]);
      const members = Object.entries(roles).map(([role, { members }]) => [role, members]);
      return [name, digestOf(JSON.stringify([module, settings])) + digestOf(JSON.stringify(members))];
    }),
  );
}

async function readInputs(
  root: string,
  overrides: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const lock = await readLock(root);
  const locked = lock === null ? [] : [...ownInputs(lock)].map(([name, input]) => [name, lockedTo(input)] as const);
  const overridden = Object.entries(overrides).map(([name, reference]) => [name, digestOf(reference)] as const);
  return Object.fromEntries([...locked, ...overridden]);
}

function lockedTo({ locked }: LockedInput): string {
  const revision = locked?.["rev"];
  return typeof revision === "string" ? revision.slice(0, 7) : digestOf(JSON.stringify(locked ?? null));
}
