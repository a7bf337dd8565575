import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ImportTree } from "../../composition/define-fleet.ts";
import type { EntryDefinition, FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import { SourceFile } from "../../composition/source/source-file.ts";
import { isFleetTypes, type StaleTypes, staleTypes, typesFile } from "../authoring/fleet-types.ts";
import { isInline, type ServiceInstance, wholeClan } from "../composed-clan.ts";
import { entryGraph, entryName } from "../entry-graph.ts";
import type { FleetModel, Location } from "../fleet-model.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import type { CheckContext, EntryFacts, ServiceFacts } from "./context.ts";
import { textOf } from "./disk/absent.ts";
import { splitEntry } from "./entries.ts";
import { FileTexts } from "./file-texts.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { readTreeFacts, type TreeFacts } from "./tree-facts.ts";

/** What the rules look at in a fleet that is written in TypeScript. */
export async function authoredContext(
  { model, evaluation }: AuthoredFleet,
  configurations: ReadonlyMap<string, MachineFacts>,
  signal: AbortSignal,
): Promise<CheckContext> {
  const { root, definition } = evaluation;
  const moduleFolders = definition.imports.flatMap((imported) =>
    imported instanceof ImportTree ? [posix.normalize(imported.dir).replace(/\/$/, "")] : [],
  );
  // The staged copy holds files that git does not know, and TypeScript reads the working tree.
  const folders = { moduleFolders, sourceFolders: moduleFolders, sourceFiles: [] };
  const options = { ...folders, modules: /\.(?:ts|nix)$/, evaluatesUntracked: true };
  const tree = await readTreeFacts(root, options, signal);
  const text = new FileTexts(root);
  return {
    model,
    entries: entryFacts(evaluation, unreadTexts(evaluation, tree)),
    reachKnown: true,
    services: serviceFacts(evaluation),
    doubled: new Map(),
    outputs: null,
    overlays: evaluation.overlays.map(({ definedAt }) => definedAt),
    inputs: new Map(Object.entries(definition.inputs).map(([name, { url }]) => [name, { url }])),
    tree,
    configurations,
    hosts: new Map(),
    types: await readStaleTypes(root, model),
    now: new Date(),
    at: (path, word) => (path[0] === "inputs" ? locateInput(root, path) : locate(evaluation, path, word)),
    mention: (files, path) => text.mention(files, path),
  };
}

/** What somebody else wrote under that name is theirs. */
async function readStaleTypes(root: string, model: FleetModel): Promise<StaleTypes | undefined> {
  const text = await textOf(join(root, typesFile));
  return text !== undefined && isFleetTypes(text) ? staleTypes(model, text) : undefined;
}

/** Text of the flake modules in Nix that could not be looked into: they may import an entry unseen. */
function unreadTexts({ unreadNixModules }: FlakeEvaluation, { sources }: TreeFacts): readonly string[] {
  return unreadNixModules.flatMap(({ file }) => sources.get(file) ?? []);
}

/** @param nix - an entry whose name one of these texts has counts as imported by it. */
function entryFacts(evaluation: FlakeEvaluation, nix: readonly string[]): ReadonlyMap<string, EntryFacts> {
  const graph = entryGraph(evaluation);
  const definitions = new Map<string, readonly EntryDefinition[]>();
  for (const [className, entries] of evaluation.namespaces) {
    for (const [entry, defined] of entries) {
      definitions.set(`${className}/${entry}`, defined);
    }
  }
  const importers = new Map<string, Set<string>>();
  const add = (imported: string, by: string): void => {
    const known = importers.get(imported);
    if (known === undefined) importers.set(imported, new Set([by]));
    else known.add(by);
  };
  for (const name of definitions.keys()) {
    const last = name.slice(name.lastIndexOf("/") + 1);
    if (nix.some((text) => text.includes(last))) add(name, "a module in Nix");
    for (const imported of graph.importsOf(splitEntry(name))) add(imported, name);
  }
  return new Map(
    [...definitions].map(([name, defined]) => [
      name,
      {
        get definitions() {
          return defined.map(({ definedAt }) => definedAt);
        },
        importers: importers.get(name) ?? new Set(),
      },
    ]),
  );
}

/** Services that the fleet writes itself; what clan-core's and other inputs' services read is Nix's to know. */
function serviceFacts(evaluation: FlakeEvaluation): ReadonlyMap<string, ServiceFacts> {
  // The fleet was read: nothing is wrong any more with what the options hold.
  const { instances } = wholeClan(evaluation, []);
  const own = [...instances].filter(([, instance]) => isInline(instance));
  return new Map(own.map(([name, instance]) => [name, inlineFacts(instance)]));
}

/** An inline service is emitted with an empty interface (emission/emit-services.ts). */
function inlineFacts({ module: { imports }, roles }: ServiceInstance): ServiceFacts {
  return {
    imports: imports.map(entryName),
    classes: new Set(imports.map((entry) => entry.class)),
    settings: new Map(Object.keys(roles).map((role) => [role, new Set<string>()])),
  };
}

/** The innermost part of the path that is stated anywhere, at its first place. */
function locate(evaluation: FlakeEvaluation, path: readonly string[], word: string | undefined): Location | null {
  for (let length = path.length; length > 0; length--) {
    const [first] = (evaluation.whole ?? evaluation).definitionsOf(path.slice(0, length));
    if (first === undefined) continue;
    const { file, line } = first;
    if (line === undefined) return { file };
    return { file, line: word === undefined ? line : lineOfWord(join(evaluation.root, file), line, word) };
  }
  return null;
}

/** Inputs are stated in fleet.ts, outside of every module. */
function locateInput(root: string, path: readonly string[]): Location {
  const line = new SourceFile(root, join(root, "fleet.ts")).locate(path);
  return line === undefined ? { file: "fleet.ts" } : { file: "fleet.ts", line };
}

/** Line of a list's element: the first after the list's own, up to its end, that has the word in quotes. */
function lineOfWord(path: string, from: number, word: string): number {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .slice(from - 1);
  const end = lines.findIndex((line) => line.includes("]"));
  const quoted = ['"', "'", "`"].map((quote) => `${quote}${word}${quote}`);
  const found = lines.slice(0, end + 1).findIndex((line) => quoted.some((text) => line.includes(text)));
  return found === -1 ? from : from + found;
}
