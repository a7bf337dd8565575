import { OptionTypeError, UnknownOptionError } from "../errors.ts";
import type { MergeContext, OptionType } from "../lib/option-type.ts";
import { didYouMean } from "../nearest.ts";
import { formatPath } from "../option-path.ts";
import { listNames, showValue } from "../show-value.ts";
import { formatLocation } from "../source-location.ts";
import {
  type Definition,
  definedBelow,
  descend,
  discharge,
  isAttributeSet,
  type RankedDefinition,
  uncover,
} from "./definition.ts";
import { LazyValue, lazyRecord } from "./lazy-value.ts";
import { mergeOption, mergeRanked } from "./merge-definitions.ts";
import type { OptionNode, OptionSet } from "./option-tree.ts";

/** The values of a set of options, each computed when read. */
export function evaluateSet(
  context: MergeContext,
  set: OptionSet,
  definitions: readonly Definition[],
  freeform: OptionType | undefined,
): Readonly<Record<string, unknown>> {
  let ranked: readonly RankedDefinition[] | undefined;
  // Conditions are looked at only when the first value is asked for.
  const all = () => (ranked ??= definitions.flatMap((definition) => discharge(definition)));
  const values = new Map<string, LazyValue>();
  for (const [name, node] of set.children) values.set(name, lazyNode(context, name, node, all));
  if (freeform !== undefined) {
    for (const [name, value] of freeformValues(context, set, all(), freeform)) values.set(name, value);
  }
  return lazyRecord(values);
}

function lazyNode(
  { path, trace }: MergeContext,
  name: string,
  node: OptionNode,
  around: () => readonly RankedDefinition[],
): LazyValue {
  const context = { path: [...path, name], trace };
  const inside = () => descend(around(), name);
  const definitions = () => definedBelow(around(), name);
  if (node.kind === "option") {
    return new LazyValue(trace, context.path, definitions, () =>
      mergeOption(context, node.spec, node.declared, inside()),
    );
  }
  return new LazyValue(trace, context.path, definitions, () => evaluateInner(context, node, inside()));
}

function evaluateInner(
  context: MergeContext,
  set: OptionSet,
  ranked: readonly RankedDefinition[],
): Readonly<Record<string, unknown>> {
  const values = new Map<string, LazyValue>();
  for (const [name, node] of set.children)
    values.set(
      name,
      lazyNode(context, name, node, () => ranked),
    );
  return lazyRecord(values);
}

function freeformValues(
  { path, trace }: MergeContext,
  set: OptionSet,
  ranked: readonly RankedDefinition[],
  freeform: OptionType,
): readonly [string, LazyValue][] {
  // A freeform type says what the whole set is, e.g. attrsOf(str): its element is the type of one attribute.
  const element = freeform.element ?? freeform;
  const names = new Set<string>();
  for (const { definition } of ranked) {
    if (isAttributeSet(definition.value)) for (const name of Object.keys(definition.value)) names.add(name);
  }
  // lazyAttrsOf alone keeps attributes whose every definition is switched off: it does not look at conditions.
  const exists = (name: string) => freeform.name === "lazyAttrsOf" || descend(ranked, name).length > 0;
  const open = [...names].filter((name) => !set.children.has(name) && exists(name)).sort();
  return open.map((name) => {
    const context = { path: [...path, name], trace };
    const inside = () => descend(ranked, name);
    const definitions = () => definedBelow(ranked, name);
    return [name, new LazyValue(trace, context.path, definitions, () => mergeRanked(context, element, inside()))];
  });
}

/**
 * Errors for definitions of options that nobody declared, those that are switched off among them.
 * @param open - a freeform type takes them at the top.
 */
export function unmatchedDefinitions(
  path: readonly string[],
  set: OptionSet,
  definitions: readonly Definition[],
  open: boolean,
): readonly (UnknownOptionError | OptionTypeError)[] {
  return unmatched(path, set, definitions.flatMap(uncover), open);
}

function unmatched(
  path: readonly string[],
  set: OptionSet,
  definitions: readonly Definition[],
  open: boolean,
): readonly (UnknownOptionError | OptionTypeError)[] {
  const errors: (UnknownOptionError | OptionTypeError)[] = [];
  const inner = new Map<string, Definition[]>();
  for (const definition of definitions) {
    if (!isAttributeSet(definition.value)) {
      errors.push(notASet(path, set, definition));
      continue;
    }
    for (const name of Object.keys(definition.value)) {
      const node = set.children.get(name);
      if (node === undefined && !open) errors.push(unknownOption(path, name, set, definition));
      if (node?.kind !== "set") continue;
      const below = uncover(definition.child(name, definition.value[name]));
      inner.set(name, [...(inner.get(name) ?? []), ...below]);
    }
  }
  for (const [name, below] of inner) {
    const node = set.children.get(name);
    if (node?.kind === "set") errors.push(...unmatched([...path, name], node, below, false));
  }
  return errors;
}

function unknownOption(path: readonly string[], name: string, set: OptionSet, around: Definition): UnknownOptionError {
  const descriptor = Object.getOwnPropertyDescriptor(around.value, name);
  const definition = around.child(name, descriptor?.value);
  const place = formatPath([...path, name]);
  return new UnknownOptionError({
    summary: `${place}: there is no such option`,
    expected: `one of ${listNames([...set.children.keys()])}`,
    found: `${name}: ${showValue(definition.value)}`,
    at: formatLocation(definition.at),
    fix:
      didYouMean(name, set.children.keys()) ?? `remove it, or declare it: options: { ${place}: lib.mkOption({ … }) }`,
  });
}

function notASet(path: readonly string[], set: OptionSet, definition: Definition): OptionTypeError {
  return new OptionTypeError({
    summary: `${formatPath(path) || "the module"}: a set of options is defined as something else`,
    expected: `an object with some of ${listNames([...set.children.keys()])}`,
    found: showValue(definition.value),
    at: formatLocation(definition.at),
    fix: "define the options inside of it",
  });
}
