import {
  type Definition,
  definedBelow,
  descend,
  discharge,
  isAttributeSet,
  type RankedDefinition,
} from "../../evaluation/definition.ts";
import { evaluatedList, LazyValue, lazyRecord } from "../../evaluation/lazy-value.ts";
import { conflictError, mergeRanked } from "../../evaluation/merge-definitions.ts";
import { compareText } from "../../nearest.ts";
import type { MergeContext, OptionType } from "../option-type.ts";

/** A list; definitions are concatenated in the order of their files, `mkBefore` and `mkAfter` apart. */
export function listOf(element: OptionType): OptionType {
  return {
    name: "listOf",
    element,
    description: `list of ${element.description}`,
    check: Array.isArray,
    merge: (context, definitions) =>
      evaluatedList(definitions.flatMap((definition, index) => mergeElements(context, element, definition, index))),
    empty: () => evaluatedList([]),
    combine: combineWith("listOf", element, listOf),
  };
}

function mergeElements(
  { path, trace }: MergeContext,
  element: OptionType,
  definition: Definition,
  definitionIndex: number,
): readonly unknown[] {
  // The type's check let only lists through.
  const values = definition.value as readonly unknown[];
  const merged: unknown[] = [];
  for (const [index, value] of values.entries()) {
    const ranked = discharge(definition.with(value));
    if (ranked.length === 0) continue;
    const place = { path: [...path, `[definition ${definitionIndex + 1}-entry ${index + 1}]`], trace };
    merged.push(mergeRanked(place, element, ranked));
  }
  return merged;
}

/** An attribute set with values of one type; attributes whose every definition is `mkIf(false, …)` are absent. */
export function attrsOf(element: OptionType): OptionType {
  return attributeSet("attrsOf", element, (ranked) => ranked.length > 0, attrsOf);
}

/** As attrsOf, but conditions are not looked at before an attribute is read. */
export function lazyAttrsOf(element: OptionType): OptionType {
  return attributeSet("lazyAttrsOf", element, undefined, lazyAttrsOf);
}

function attributeSet(
  name: string,
  element: OptionType,
  keep: ((ranked: readonly RankedDefinition[]) => boolean) | undefined,
  again: (element: OptionType) => OptionType,
): OptionType {
  return {
    name,
    element,
    description: `attribute set of ${element.description}`,
    check: isAttributeSet,
    merge: (context, definitions) => mergeAttributes(context, element, definitions, keep),
    empty: () => lazyRecord(new Map()),
    combine: combineWith(name, element, again),
  };
}

/** Attributes come in the alphabet's order, as in Nix, whatever the order of the definitions. */
export function mergeAttributes(
  { path, trace }: MergeContext,
  element: OptionType,
  definitions: readonly Definition[],
  keep?: (ranked: readonly RankedDefinition[]) => boolean,
): Readonly<Record<string, unknown>> {
  const values = new Map<string, LazyValue>();
  for (const [key, defining] of definitionsByKey(definitions)) {
    const ranked = () => descend(defining, key);
    if (keep !== undefined && !keep(ranked())) continue;
    const place = { path: [...path, key], trace };
    const inner = () => definedBelow(defining, key);
    values.set(key, new LazyValue(trace, place.path, inner, () => mergeRanked(place, element, ranked())));
  }
  return lazyRecord(values);
}

function definitionsByKey(definitions: readonly Definition[]): readonly [string, RankedDefinition[]][] {
  const found = new Map<string, RankedDefinition[]>();
  for (const definition of definitions) {
    if (!isAttributeSet(definition.value)) continue;
    for (const key of Object.keys(definition.value)) {
      const defining = found.get(key);
      const ranked = { definition, priority: 100, order: 1000 };
      if (defining === undefined) found.set(key, [ranked]);
      else defining.push(ranked);
    }
  }
  return [...found].sort(([a], [b]) => compareText(a, b));
}

/** null, or a value of the type; null and other values do not mix. */
export function nullOr(element: OptionType): OptionType {
  return {
    name: "nullOr",
    element,
    description: `null or ${element.description}`,
    check: (value) => value === null || element.check(value),
    merge: (context, definitions) => {
      const nulls = definitions.filter(({ value }) => value === null);
      if (nulls.length === definitions.length) return null;
      if (nulls.length > 0) throw conflictError(context, definitions);
      return element.merge(context, definitions);
    },
    empty: () => null,
    combine: combineWith("nullOr", element, nullOr),
  };
}

function combineWith(
  name: string,
  element: OptionType,
  again: (element: OptionType) => OptionType,
): (other: OptionType) => OptionType | undefined {
  return (other) => {
    if (other.name !== name || other.element === undefined) return undefined;
    const combined = element.combine(other.element);
    return combined === undefined ? undefined : again(combined);
  };
}
