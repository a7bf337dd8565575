import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { evaluateJson } from "../../local-nix/json-evaluation.ts";
import type { Report } from "../../report.ts";
import type { AdoptedFleet } from "../flake/adopt-flake.ts";
import { nixFunction } from "../flake/nix-expression.ts";
import { entryIn, fileIn, flakeFolder } from "../flake/origin.ts";
import { entriesIn, nameOf, originsIn } from "../flake/reach.ts";
import type { ImportNode } from "../flake/read-machines.ts";
import { fileLinks } from "./file-links.ts";
import { type GraphEdge, nodeId } from "./fleet-graph.ts";
import { overlayNamesSchema } from "./overlay-packages.ts";
import type { OverlayWiring, Wiring } from "./wiring.ts";

/**
 * The wiring of a flake that was adopted: by the import graph of each machine where Nix shows one, else by what entries say
 * that they import.
 */
export async function adoptedWiring(
  fleet: AdoptedFleet,
  report: Report,
  signal: AbortSignal,
  packages: "named" | "unnamed",
): Promise<Wiring> {
  const { model, flake, namespaces } = fleet;
  const root = flakeFolder(flake.settings.tree);
  const stated = statedImports(namespaces);
  const links = Object.keys(model.machines).flatMap((machine) => machineLinks(machine, fleet, stated));
  const everybodys = ["flake.nix", "flake.lock"].filter((file) => existsSync(join(root, file)));
  const folders = Object.keys(model.machines).flatMap((machine) => machineFolder(root, machine));
  const files = [
    ...[...links, ...folders].flatMap(({ to }) => (to.startsWith("file:") ? [to.slice("file:".length)] : [])),
    ...Object.values(model.namespaces).flatMap((entries) => Object.values(entries).flatMap((entry) => entry.files)),
  ];
  const named = fileLinks(root, new Set(files));
  const all = new Set([...files, ...named.map(({ to }) => to.slice("file:".length))]);
  const overlays = packages === "named" ? await readOverlays(fleet, report, signal) : [];
  return { links: [...links, ...folders, ...named, ...overlayLinks(root, all, overlays)], overlays, everybodys };
}

interface StatedImports {
  readonly imports: readonly string[];
  /** User → entries. */
  readonly homes: readonly (readonly [string, readonly string[]])[];
}

function statedImports(namespaces: AdoptedFleet["namespaces"]): ReadonlyMap<string, StatedImports> {
  return new Map(
    Object.entries(namespaces).flatMap(([ofClass, entries]) =>
      Object.entries(entries).map(([entry, { imports, homes }]) => {
        const byUser = homes.flatMap((users) =>
          Object.entries(users).map(([user, origins]) => [user, entriesIn(origins)] as const),
        );
        return [nameOf({ class: ofClass, entry }), { imports: entriesIn(imports), homes: byUser }] as const;
      }),
    ),
  );
}

/** What holds for one machine: its graph may differ from another's below the same entry. */
function machineLinks(
  machine: string,
  { model, flake, readings }: AdoptedFleet,
  stated: ReadonlyMap<string, StatedImports>,
): GraphEdge[] {
  const { tree } = flake.settings;
  const reading = readings.get(machine);
  const from = nodeId("machine", machine);
  const on = [machine];
  const graph = reading?.graph ?? null;
  const links = graph === null ? [] : graphLinks(graph, from, tree, machine);
  const homeGraphs = reading?.homeGraphs ?? null;
  if (homeGraphs !== null) links.push(...homeLinks(homeGraphs, from, links, tree, machine, stated));
  const registered = Object.entries(model.machines).find(([name]) => name === machine)?.[1].imports ?? [];
  const reached = graph === null ? registered : entriesIn(originsIn(graph));
  if (homeGraphs === null) {
    for (const users of reading?.homeImports ?? [])
      for (const [user, origins] of Object.entries(users))
        for (const entry of entriesIn(origins))
          if (!toldByAnEntry(reached, user, entry, stated))
            links.push({ from, to: nodeId("entry", entry), kind: "home", user, on });
  }
  for (const [name, { imports, homes }] of stated) {
    const entry = nodeId("entry", name);
    const isHome = name.startsWith("homeManager/");
    // What a graph shows is whole; only what none shows is followed by what entries say of themselves.
    if (graph === null || (homeGraphs === null && isHome))
      links.push(...imports.map((to): GraphEdge => ({ from: entry, to: nodeId("entry", to), kind: "imports", on })));
    if (homeGraphs === null)
      for (const [user, given] of homes)
        links.push(...given.map((to): GraphEdge => ({ from: entry, to: nodeId("entry", to), kind: "home", user, on })));
  }
  return links;
}

function toldByAnEntry(
  reached: readonly string[],
  user: string,
  home: string,
  stated: ReadonlyMap<string, StatedImports>,
): boolean {
  return reached.some((name) =>
    stated.get(name)?.homes.some(([whose, given]) => whose === user && given.includes(home)),
  );
}

/** Modules that are neither an entry nor a file of the tree are passed through. */
function graphLinks(
  nodes: readonly ImportNode[],
  importer: string,
  tree: AdoptedFleet["flake"]["settings"]["tree"],
  machine: string,
): GraphEdge[] {
  return nodes.flatMap(({ file, imports }) => {
    const to = idOfOrigin(file, tree);
    if (to === undefined || to === importer) return graphLinks(imports, importer, tree, machine);
    const link: GraphEdge = { from: importer, to, kind: "imports", on: [machine] };
    return [link, ...graphLinks(imports, to, tree, machine)];
  });
}

/** Homes are evaluated apart: whose entry gives one to whom is what entries say, where one does, else the machine's own. */
function homeLinks(
  graphs: readonly ImportNode[],
  from: string,
  ofMachine: readonly GraphEdge[],
  tree: AdoptedFleet["flake"]["settings"]["tree"],
  machine: string,
  stated: ReadonlyMap<string, StatedImports>,
): GraphEdge[] {
  const on = [machine];
  const shown = new Set(entriesIn(originsIn(graphs)));
  const reached = new Set(ofMachine.map(({ to }) => to));
  const given = [...stated].flatMap(([name, { homes }]) =>
    reached.has(nodeId("entry", name))
      ? homes.flatMap(([user, entries]) =>
          entries
            .filter((entry) => shown.has(entry))
            .map(
              (entry): GraphEdge => ({
                from: nodeId("entry", name),
                to: nodeId("entry", entry),
                kind: "home",
                user,
                on,
              }),
            ),
        )
      : [],
  );
  const known = new Set(given.map(({ to }) => to));
  const top = graphLinks(graphs, from, tree, machine).map(
    (link): GraphEdge => (link.from === from ? { ...link, kind: "home" } : link),
  );
  // What an entry gives, and the file that the giving stands in, is no import of the machine's own.
  const isOwn = (link: GraphEdge): boolean => link.from !== from || (!known.has(link.to) && !reached.has(link.to));
  return [...given, ...top.filter(isOwn)];
}

function idOfOrigin(origin: string, tree: AdoptedFleet["flake"]["settings"]["tree"]): string | undefined {
  const entry = entryIn(origin);
  if (entry !== undefined) return nodeId("entry", nameOf(entry));
  const file = fileIn(origin, tree);
  return file === undefined ? undefined : nodeId("file", file);
}

/** `machines/<m>/`, all of which is clan's to read. */
function machineFolder(root: string, machine: string): GraphEdge[] {
  const folder = `machines/${machine}`;
  if (!existsSync(join(root, folder))) return [];
  return [{ from: nodeId("machine", machine), to: nodeId("file", `${folder}/`), kind: "stated in" }];
}

/** A file that names overlays of the flake applies them, to whoever has the file: those it names, or all. */
function overlayLinks(root: string, files: ReadonlySet<string>, overlays: readonly OverlayWiring[]): GraphEdge[] {
  if (overlays.length === 0) return [];
  return [...files].flatMap((file) => {
    // What flake.nix itself names concerns no machine more than another.
    if (!file.endsWith(".nix") || file === "flake.nix" || !existsSync(join(root, file))) return [];
    const mentions = [...readFileSync(join(root, file), "utf8").matchAll(/\bself\.overlays\b(?:\."?([\w'-]+)"?)?/g)];
    const names = new Set(mentions.map(([, name]) => name));
    return overlays
      .filter(({ name }) => names.has(name) || names.has(undefined))
      .map(({ name }): GraphEdge => ({ from: nodeId("file", file), to: nodeId("overlay", name), kind: "applies" }));
  });
}

async function readOverlays(
  { flake: { settings } }: AdoptedFleet,
  report: Report,
  signal: AbortSignal,
): Promise<OverlayWiring[]> {
  const apply = `outputs: ${nixFunction("overlays.nix", "(outputs.overlays or { })")}`;
  const question = { attribute: "", apply, what: "its overlays" };
  try {
    const overlays = await evaluateJson(question, overlayNamesSchema, settings, report, signal);
    return Object.entries(overlays).map(([name, packages]) => ({ name, file: null, packages, written: new Map() }));
  } catch (error) {
    if (!(error instanceof NixEvaluationError)) throw error;
    report({ level: "warning", phase: "read", message: `overlays are not shown: ${error.facts.found}` });
    return [];
  }
}
