import { OptionConflictError, OptionTypeError, OptionUndefinedError } from "../errors.ts";
import type { OptionSpec } from "../lib/option.ts";
import type { MergeContext, OptionType } from "../lib/option-type.ts";
import { priorities } from "../lib/property.ts";
import { formatPath } from "../option-path.ts";
import { type Definition, listDefinitions, listPlaces, type RankedDefinition, strongest } from "./definition.ts";

/** The value of an option: its strongest definitions, else its default, merged by its type. */
export function mergeOption(
  context: MergeContext,
  spec: OptionSpec,
  declared: Definition,
  ranked: readonly RankedDefinition[],
): unknown {
  const byDefault: readonly RankedDefinition[] = Object.hasOwn(spec, "default")
    ? [{ definition: declared.with(spec.default), priority: priorities.option, order: 1000 }]
    : [];
  // First, as in nixpkgs: a definition with the default's own priority comes after it.
  const all = [...byDefault, ...ranked];
  if (spec.readOnly === true && all.length > 1) throw readOnlyError(context, all);
  const value = mergeRanked(context, spec.type, all, declared);
  // The declaration's author wrote `apply` for values of this very type.
  return spec.apply === undefined ? value : spec.apply(value as never);
}

/** @throws {OptionTypeError} @throws {OptionConflictError} @throws {OptionUndefinedError} */
export function mergeRanked(
  context: MergeContext,
  type: OptionType,
  ranked: readonly RankedDefinition[],
  declared?: Definition,
): unknown {
  const definitions = strongest(ranked);
  if (definitions.length === 0) {
    if (type.empty !== undefined) return type.empty(context);
    throw undefinedError(context, type, declared);
  }
  const wrong = definitions.filter(({ value }) => !type.check(value));
  if (wrong.length > 0) throw typeError(context, type, wrong);
  return type.merge(context, definitions);
}

export function typeError(context: MergeContext, type: OptionType, wrong: readonly Definition[]): OptionTypeError {
  return new OptionTypeError({
    summary: `${formatPath(context.path)}: a definition is not of the option's type`,
    expected: type.description,
    found: listDefinitions(wrong),
    at: listPlaces(wrong),
    fix: `give a value of type ${type.description}`,
  });
}

function undefinedError(
  context: MergeContext,
  type: OptionType,
  declared: Definition | undefined,
): OptionUndefinedError {
  return new OptionUndefinedError({
    summary: `${formatPath(context.path)}: the option is used, but has no value`,
    expected: `a definition of type ${type.description}`,
    found: "none, and no default",
    at: declared === undefined ? "(no declaration)" : listPlaces([declared]),
    fix: `define ${formatPath(context.path)} in a module`,
  });
}

function readOnlyError(context: MergeContext, all: readonly RankedDefinition[]): OptionConflictError {
  const definitions = all.map(({ definition }) => definition);
  return new OptionConflictError({
    summary: `${formatPath(context.path)}: the option is read-only, but is set several times`,
    expected: "one definition",
    found: listDefinitions(definitions),
    at: listPlaces(definitions),
    fix: "keep one of them",
  });
}

/** Definitions that must agree. Source: nixpkgs, lib/options.nix (mergeEqualOption). */
export function conflictError(context: MergeContext, definitions: readonly Definition[]): OptionConflictError {
  return new OptionConflictError({
    summary: `${formatPath(context.path)}: the option has conflicting definitions`,
    expected: "one value, or equal ones",
    found: listDefinitions(definitions),
    at: listPlaces(definitions),
    fix: "keep one of them, or wrap one: lib.mkForce(value) wins, lib.mkDefault(value) yields",
  });
}

/** Source: nixpkgs, lib/options.nix (mergeUniqueOption, mergeOneOption). */
export function uniqueError(context: MergeContext, definitions: readonly Definition[]): OptionConflictError {
  return new OptionConflictError({
    summary: `${formatPath(context.path)}: the option is defined several times, but must be defined once`,
    expected: "one definition",
    found: listDefinitions(definitions),
    at: listPlaces(definitions),
    fix: "keep one of them, or wrap one: lib.mkForce(value) wins, lib.mkDefault(value) yields",
  });
}
