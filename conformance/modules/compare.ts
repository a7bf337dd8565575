import fc from "fast-check";
import { evaluateHere, type Outcome } from "./evaluate-here.ts";
import { evaluateWithNixpkgs, printModuleSet } from "./evaluate-nixpkgs.ts";
import { type ModuleSet, moduleSet } from "./module-set.ts";

export interface Disagreement {
  readonly path: string;
  readonly here: Outcome;
  readonly there: Outcome;
  /** The modules, as Nix text. */
  readonly modules: string;
}

export interface Agreement {
  readonly cases: number;
  /** Options compared, and how many of them had a value on both sides. */
  readonly options: number;
  readonly values: number;
  readonly disagreements: readonly Disagreement[];
  /** Why Nix itself died, for module sets that could not be compared. */
  readonly undecided: readonly string[];
}

/** Evaluates generated module sets here and with nixpkgs. @param lib - nixpkgs' `lib` folder. */
export async function compareModuleSets(
  lib: string,
  { cases, seed }: { readonly cases: number; readonly seed: number },
  signal: AbortSignal,
): Promise<Agreement> {
  const sets = fc.sample(moduleSet, { seed, numRuns: cases });
  const texts = sets.map(printModuleSet);
  const there = await evaluateWithNixpkgs(lib, texts, signal);
  const here = sets.map(evaluateHere);
  const disagreements = sets.flatMap((set, index) => {
    const ours = here[index];
    const theirs = there[index];
    if (ours === undefined || theirs === undefined) throw new Error(`no answer for module set ${index}`);
    return "died" in theirs ? [] : disagreementsOf(set, ours, theirs, texts[index] ?? "");
  });
  const undecided = there.flatMap((answer) => ("died" in answer ? [answer.died] : []));
  const compared = there.flatMap((answer) => ("died" in answer ? [] : answer));
  const values = compared.filter((outcome) => "json" in outcome).length;
  return { cases, options: compared.length, values, disagreements, undecided };
}

function disagreementsOf(
  set: ModuleSet,
  { refused, outcomes }: ReturnType<typeof evaluateHere>,
  theirs: readonly Outcome[],
  modules: string,
): readonly Disagreement[] {
  // A mistake that shows before any value ends the evaluation here; nixpkgs finds it when a value is read.
  if (refused !== undefined && theirs.some((outcome) => "fails" in outcome)) return [];
  const exact = set.modules.every(({ imports }) => imports.length === 0);
  const options = set.modules.flatMap((module) => module.options);
  const inOrder = (path: string) => exact && options.every((option) => option.path !== path || option.type.ordered);
  const unsure = builtOnFailures(set, outcomes);
  return set.paths.flatMap((path, index) => {
    if (unsure.has(path)) return [];
    const here = outcomes[index];
    const there = theirs[index];
    if (here === undefined || there === undefined) throw new Error(`no outcome for ${path}`);
    return agree(here, there, inOrder(path)) ? [] : [{ path, here, there, modules }];
  });
}

/**
 * Options that a module defines which reads one that fails: here such a module defines nothing any more, since the
 * failure ends the evaluation anyway; in nixpkgs its other definitions still count.
 */
function builtOnFailures({ modules, paths }: ModuleSet, outcomes: readonly Outcome[]): ReadonlySet<string> {
  const failing = new Set(paths.filter((_path, index) => "fails" in (outcomes[index] ?? {})));
  const unsure = new Set<string>();
  // Options read those before them only, hence one pass in their order finds all.
  for (const path of paths) {
    const affected = modules.filter(({ fragments }) =>
      fragments.some(({ reads }) => reads !== undefined && (failing.has(reads) || unsure.has(reads))),
    );
    if (affected.some(({ fragments }) => fragments.some((fragment) => fragment.path === path))) unsure.add(path);
  }
  return unsure;
}

/** @param exact - the order of list elements counts, too. Modules that import others have an order of their own here. */
function agree(here: Outcome, there: Outcome, exact: boolean): boolean {
  if ("fails" in here || "fails" in there) return "fails" in here && "fails" in there;
  return canonical(JSON.parse(here.json), exact) === canonical(JSON.parse(there.json), exact);
}

/** Names of ours → nixpkgs', for properties that a `raw` value contains unopened; no generated attribute is called so. */
const propertyFields = new Map([
  ["kind", "_type"],
  ["order", "priority"],
]);

function canonical(value: unknown, exact: boolean): string {
  if (Array.isArray(value)) {
    const elements = value.map((element) => canonical(element, exact));
    return `[${(exact ? elements : elements.sort()).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isProperty = Object.hasOwn(value, "kind") || Object.hasOwn(value, "_type");
  const members = Object.entries(value).map(([name, inner]) => {
    const known = isProperty ? (propertyFields.get(name) ?? name) : name;
    return `${JSON.stringify(known)}:${canonical(inner, exact)}`;
  });
  return `{${members.sort().join(",")}}`;
}
