import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { AdoptedFleet } from "../flake/adopt-flake.ts";
import { flakeFolder } from "../flake/origin.ts";
import { entriesIn } from "../flake/reach.ts";
import type { ImportNode } from "../flake/read-machines.ts";
import type { FleetModel, Location } from "../fleet-model.ts";
import type { CheckContext, EntryFacts } from "./context.ts";
import { FileTexts } from "./file-texts.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { readOutputs } from "./read-outputs.ts";
import { readServiceSettings } from "./read-service-settings.ts";
import { readTreeFacts } from "./tree-facts.ts";

/** Where flakes keep their modules, by custom. */
const customaryFolders = ["modules", "machines", "hosts", "nixos", "darwin", "home", "homes", "profiles"];

/** What the rules look at in a flake that somebody else wrote. */
export async function adoptedContext(
  { model, flake, readings, entryImports }: AdoptedFleet,
  configurations: ReadonlyMap<string, MachineFacts>,
  signal: AbortSignal,
): Promise<CheckContext> {
  const { tree } = flake.settings;
  const root = adoptedRoot(flake.settings.tree);
  const sourceFolders = customaryFolders.filter((folder) => existsSync(join(root, folder)));
  const dendritic = Object.keys(model.namespaces).length > 0;
  const text = new FileTexts(flakeFolder(tree));
  return {
    model,
    entries: entryFacts(model, entryImports, text),
    // Without the graph of every machine, an entry that seems unused may be somebody's; a stack reads its own machines only.
    reachKnown: Object.keys(model.machines).every((machine) => (readings.get(machine)?.graph ?? null) !== null),
    services: await readServiceSettings(model, flake.settings, signal),
    doubled: doubledEntries(readings),
    outputs: await readOutputs(flake.settings, signal),
    overlays: [],
    inputs: new Map(),
    tree: await readTreeFacts(
      root,
      {
        moduleFolders: dendritic ? sourceFolders.filter((folder) => folder === "modules") : [],
        sourceFolders,
        sourceFiles: existsSync(join(root, "flake.nix")) ? ["flake.nix"] : [],
        modules: /\.nix$/,
        evaluatesUntracked: true,
      },
      signal,
    ),
    configurations,
    hosts: new Map(),
    now: new Date(),
    at: (path, word) => locate(model, text, path, word),
    mention: (files, words) => text.mention(files, words),
  };
}

/** The folder that people edit, or where the flake was fetched from elsewhere its copy in the store. */
export function adoptedRoot(tree: AdoptedFleet["flake"]["settings"]["tree"]): string {
  return isAbsolute(tree.root) ? join(tree.root, tree.dir ?? "") : flakeFolder(tree);
}

/** A stamped entry is always given inline, so each place in the graph is an evaluation of its own. */
function doubledEntries(readings: AdoptedFleet["readings"]): ReadonlyMap<string, readonly string[]> {
  const doubled = new Map<string, string[]>();
  for (const [machine, { graph }] of readings) {
    for (const [origin, { length }] of Map.groupBy(stampsIn(graph ?? [], ""), (stamp) => stamp)) {
      const [name] = entriesIn([origin]);
      if (length > 1 && name !== undefined) doubled.set(name, [...(doubled.get(name) ?? []), machine]);
    }
  }
  return doubled;
}

/** Stamps of flake-parts; a module without a file of its own has its importer's, so what repeats that is part of it. */
function stampsIn(graph: readonly ImportNode[], importer: string): readonly string[] {
  return graph.flatMap(({ file, imports }) => {
    const own = file !== importer && file.includes("#modules.") ? [file] : [];
    return [...own, ...stampsIn(imports, file)];
  });
}

function entryFacts(
  model: FleetModel,
  entryImports: AdoptedFleet["entryImports"],
  text: FileTexts,
): ReadonlyMap<string, EntryFacts> {
  const importersOf = (name: string): Set<string> =>
    new Set([...entryImports].filter(([, imports]) => imports.includes(name)).map(([importer]) => importer));
  const facts = new Map<string, EntryFacts>();
  for (const [className, entries] of Object.entries(model.namespaces)) {
    for (const [entry, { files }] of Object.entries(entries)) {
      const definitions = files.map((file) => text.find({ file }, entry) ?? { file });
      facts.set(`${className}/${entry}`, { definitions, importers: importersOf(`${className}/${entry}`) });
    }
  }
  return facts;
}

/** The nearest mention of what is asked for, at or below the line on which its machine or instance is stated. */
function locate(
  model: FleetModel,
  text: FileTexts,
  path: readonly string[],
  word: string | undefined,
): Location | null {
  const [, second, third, fourth] = path;
  const [table, name] = second === "inventory" ? [third, fourth] : [second, third];
  const named = table === "instances" ? model.instances : table === "machines" ? model.machines : {};
  const stated = Object.entries(named).find(([known]) => known === name)?.[1].definedAt;
  if (stated === undefined) return null;
  const last = word ?? path.at(-1);
  return last === undefined || last === name ? stated : (text.find(stated, last) ?? stated);
}
