import type { Definition } from "../../evaluation/definition.ts";
import { conflictError, uniqueError } from "../../evaluation/merge-definitions.ts";
import { equalValues } from "../equal-values.ts";
import type { MergeContext, OptionType } from "../option-type.ts";

/** All definitions must be equal. */
export function mergeEqual(context: MergeContext, definitions: readonly Definition[]): unknown {
  const [first, ...others] = definitions;
  if (others.some(({ value }) => !equalValues(value, first?.value))) throw conflictError(context, definitions);
  return first?.value;
}

/** There must be one definition. */
export function mergeOne(context: MergeContext, definitions: readonly Definition[]): unknown {
  if (definitions.length > 1) throw uniqueError(context, definitions);
  return definitions[0]?.value;
}

function scalar(name: string, description: string, check: (value: unknown) => boolean): OptionType {
  const type: OptionType = {
    name,
    description,
    check,
    merge: mergeEqual,
    combine: (other) => (other.name === name && other.description === description ? type : undefined),
  };
  return type;
}

const isString = (value: unknown): value is string => typeof value === "string";

export const str = scalar("str", "string", isString);
export const nonEmptyStr = scalar("nonEmptyStr", "non-empty string", (value) => isString(value) && value.trim() !== "");
export const bool = scalar("bool", "boolean", (value) => typeof value === "boolean");
export const int = scalar("int", "integer", (value) => Number.isSafeInteger(value));
export const number = scalar("number", "number", (value) => typeof value === "number" && Number.isFinite(value));
export const port = scalar(
  "port",
  "port number (0 to 65535)",
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535,
);

/** A string that the whole pattern matches. */
export function strMatching(pattern: RegExp): OptionType {
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ""));
  return scalar(
    "strMatching",
    `string that matches ${pattern.source}`,
    (value) => isString(value) && whole.test(value),
  );
}

type EnumValue = string | number | boolean | null;

const valuesOf = new WeakMap<OptionType, readonly EnumValue[]>();

/** One of the values; the values of two declarations add up. */
export function enumeration(values: readonly EnumValue[]): OptionType {
  // Widened: any value may be asked for.
  const allowed: ReadonlySet<unknown> = new Set(values);
  const type: OptionType = {
    name: "enum",
    description: `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
    check: (value) => allowed.has(value),
    merge: mergeEqual,
    combine: (other) => {
      const more = valuesOf.get(other);
      return more === undefined ? undefined : enumeration([...new Set([...values, ...more])]);
    },
  };
  valuesOf.set(type, values);
  return type;
}

/** Any value, defined once and passed on unseen. */
export const raw: OptionType = {
  name: "raw",
  description: "raw value",
  check: (value) => value !== undefined,
  merge: mergeOne,
  combine: (other) => (other.name === "raw" ? raw : undefined),
};
