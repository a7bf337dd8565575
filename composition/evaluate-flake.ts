import { posix } from "node:path";
import { type FleetError, throwGathered } from "../errors.ts";
import { refuseAskedKeys } from "./body/splice.ts";
import { type FleetDefinition, ImportTree } from "./define-fleet.ts";
import { type DiscoveredFiles, discoverModules } from "./discover-modules.ts";
import { ReferenceMaker } from "./entry-namespaces.ts";
import { evaluateModules, type ModulesEvaluation } from "./evaluation/evaluate-modules.ts";
import { EvaluationTrace, forceAll } from "./evaluation/lazy-value.ts";
import type { ModuleInput } from "./evaluation/module-graph.ts";
import type { FlakeModule, FlakeModuleInput } from "./flake-module.ts";
import { flakeOptions } from "./flake-options.ts";
import { declaredInputs } from "./inputs.ts";
import { flakeLib } from "./lib/flake-lib.ts";
import { type LoadedModule, loadModules } from "./load-modules.ts";
import { ModuleInputs } from "./module-inputs.ts";
import {
  collectNamespaces,
  collectOverlays,
  entryNames,
  type LocatedValue,
  type Namespaces,
  type OverlayDefinition,
  provenance,
} from "./namespaces.ts";

import { type NixModuleReader, type NixModules, type UnreadNixModule, withNixDefinitions } from "./nix-entries.ts";

export type { EntryDefinition, LocatedValue, Namespaces, OverlayDefinition } from "./namespaces.ts";

/** Values of options by path. An option that has no value throws when read. */
export interface EvaluatedConfig {
  readonly [option: string]: unknown;
}

/** Options with their values and where these are stated. */
export interface EvaluatedOptions {
  readonly config: EvaluatedConfig;
  /** The definitions that count for an option or an attribute below one, in their order. */
  definitionsOf(path: readonly string[]): readonly LocatedValue[];
}

/** What TypeScript says: `config` is what is emitted. */
export interface FlakeEvaluation extends EvaluatedOptions {
  readonly root: string;
  readonly definition: FleetDefinition;
  /** Class → entry → definitions in file order; classes and entries in the alphabet's order. */
  readonly namespaces: Namespaces;
  /** With what `.nix` flake modules say of the same options, which is read and not emitted. Absent: they say nothing. */
  readonly whole?: EvaluatedOptions;
  /** Discovered flake modules in TypeScript, relative to the root. */
  readonly files: readonly string[];
  /** Flake modules in Nix below the same folders, relative to the root. */
  readonly nixFiles: readonly string[];
  /** Those of them whose entries are not known: a reference that names nothing may be to one of theirs. */
  readonly unreadNixModules: readonly UnreadNixModule[];
  readonly overlays: readonly OverlayDefinition[];
}

/**
 * Evaluates the flake's level: discovers and loads modules, merges options, collects entries, checks references.
 * Nothing of a machine's configuration is evaluated.
 * @param root - absolute path of the fleet's root.
 * @param baseModules - modules that every fleet gets, before its own.
 * @param readNix - asked for the entries of `.nix` flake modules, where there are any. Absent: they are not known.
 * @throws {FleetError} @throws {FleetErrors} everything that was found, together.
 */
export async function evaluateFlake(
  root: string,
  fleet: FleetDefinition,
  baseModules: readonly FlakeModule[],
  readNix?: NixModuleReader,
): Promise<FlakeEvaluation> {
  const trees = discoverTrees(root, fleet);
  const files = unique(trees.flatMap(({ ts }) => ts));
  const loaded = await loadModules(root, files);
  const inputs = new ModuleInputs(root, loaded);
  const modules = [flakeOptions, ...baseModules, ...inImportOrder(fleet, trees, loaded)].map((one) => inputs.of(one));
  const { evaluation, references } = evaluateLevel(root, fleet, modules);
  const own = checkValues(evaluation.config);
  refuseAskedKeys();
  const nixFiles = unique(trees.flatMap(({ nix }) => nix));
  const nixModules = await readNixModules(root, nixFiles, own, readNix);
  const namespaces = withNixDefinitions(own, nixModules.definitions);
  throwGathered(references.check(namespaces, { complete: nixModules.unread.length === 0 }));
  const stated = nixModules.statements.map(({ module, source }) => inputs.ofOther(module, source));
  const whole = stated.length === 0 ? undefined : evaluateLevel(root, fleet, [...modules, ...stated]).evaluation;
  return {
    root,
    definition: fleet,
    namespaces,
    config: evaluation.config,
    definitionsOf: provenance(evaluation.definitions),
    files,
    nixFiles,
    unreadNixModules: nixModules.unread,
    overlays: collectOverlays(evaluation.config),
    ...(whole === undefined ? {} : { whole: { config: whole.config, definitionsOf: provenance(whole.definitions) } }),
  };
}

function evaluateLevel(
  root: string,
  fleet: FleetDefinition,
  modules: readonly ModuleInput[],
): { readonly evaluation: ModulesEvaluation; readonly references: ReferenceMaker } {
  const trace = new EvaluationTrace(root);
  const references = new ReferenceMaker(trace);
  const args = { inputs: declaredInputs(root, Object.keys(fleet.inputs)), lib: flakeLib };
  const evaluation = evaluateModules({
    modules,
    path: [],
    trace,
    argumentsFor: (config) => ({ config, ...args }),
    overlay: {
      path: ["flake", "modules"],
      view: (config) => references.namespaces(() => knownEntries(config())),
      startRun: (run, called) => references.startRun(run, called),
      endCall: () => references.endCall(),
    },
  });
  return { evaluation, references };
}

function knownEntries(config: EvaluatedConfig | undefined): ReturnType<typeof entryNames> | undefined {
  return config && entryNames(config);
}

/** Computes every value. References are checked later: their errors would only repeat those of the values. */
function checkValues(config: Readonly<Record<string, unknown>>): Namespaces {
  const errors = new Set<FleetError>();
  forceAll(config, errors);
  throwGathered([...errors]);
  return collectNamespaces(config);
}

async function readNixModules(
  root: string,
  files: readonly string[],
  own: Namespaces,
  read: NixModuleReader | undefined,
): Promise<NixModules> {
  if (files.length === 0) return { definitions: [], statements: [], unread: [] };
  const reason = "nobody was there to read it";
  if (read === undefined) return { definitions: [], statements: [], unread: files.map((file) => ({ file, reason })) };
  return read(root, files, new Map([...own].map(([className, entries]) => [className, [...entries.keys()]])));
}

interface Tree extends DiscoveredFiles {
  readonly tree: ImportTree;
}

function discoverTrees(root: string, { imports }: FleetDefinition): readonly Tree[] {
  return imports
    .filter((imported) => imported instanceof ImportTree)
    .map((tree) => {
      const { ts, nix } = discoverModules(root, tree.dir);
      const inFleet = (file: string) => posix.join(tree.dir, file);
      return { tree, ts: ts.map(inFleet), nix: nix.map(inFleet) };
    });
}

/** A tree's modules stand where the tree stands among the imports. */
function inImportOrder(
  { imports }: FleetDefinition,
  trees: readonly Tree[],
  loaded: readonly LoadedModule[],
): readonly FlakeModuleInput[] {
  const byFile = new Map(loaded.map(({ file, module }) => [file, module]));
  const filesOf = new Map(trees.map(({ tree, ts }) => [tree, ts]));
  return imports.flatMap((imported): readonly FlakeModuleInput[] => {
    if (!(imported instanceof ImportTree)) return [imported];
    const modules = (filesOf.get(imported) ?? []).map((file) => byFile.get(file));
    return modules.filter((module) => module !== undefined);
  });
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
