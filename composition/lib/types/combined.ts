import { isAttributeSet } from "../../evaluation/definition.ts";
import { uniqueError } from "../../evaluation/merge-definitions.ts";
import type { OptionType } from "../option-type.ts";
import { mergeAttributes } from "./containers.ts";
import { mergeEqual, mergeOne } from "./scalars.ts";

const alternativesOf = new WeakMap<OptionType, readonly [OptionType, OptionType]>();

/** A value of the first type, else of the second. */
export function either(first: OptionType, second: OptionType): OptionType {
  const type: OptionType = {
    name: "either",
    description: `${first.description} or ${second.description}`,
    check: (value) => first.check(value) || second.check(value),
    merge: (context, definitions) => {
      if (definitions.every(({ value }) => first.check(value))) return first.merge(context, definitions);
      if (definitions.every(({ value }) => second.check(value))) return second.merge(context, definitions);
      return mergeOne(context, definitions);
    },
    combine: (other) => {
      const [otherFirst, otherSecond] = alternativesOf.get(other) ?? [];
      const firsts = otherFirst && first.combine(otherFirst);
      const seconds = otherSecond && second.combine(otherSecond);
      return firsts && seconds && either(firsts, seconds);
    },
  };
  alternativesOf.set(type, [first, second]);
  return type;
}

/** A value of the first of the types that takes it. */
export function oneOf(first: OptionType, ...others: readonly OptionType[]): OptionType {
  return others.reduce(either, first);
}

/** A value of the type, defined once. */
export function uniq(element: OptionType): OptionType {
  return {
    ...element,
    name: "uniq",
    element,
    merge: (context, definitions) => {
      if (definitions.length > 1) throw uniqueError(context, definitions);
      return element.merge(context, definitions);
    },
    combine: (other) => {
      const combined =
        other.name === "uniq" && other.element !== undefined ? element.combine(other.element) : undefined;
      return combined === undefined ? undefined : uniq(combined);
    },
  };
}

/** Anything: attribute sets are merged attribute by attribute, everything else must be equal. */
export const anything: OptionType = {
  name: "anything",
  description: "anything",
  check: (value) => value !== undefined,
  merge: (context, definitions) =>
    definitions.every(({ value }) => isAttributeSet(value))
      ? mergeAttributes(context, anything, definitions, (ranked) => ranked.length > 0)
      : mergeEqual(context, definitions),
  combine: (other) => (other.name === "anything" ? anything : undefined),
};
