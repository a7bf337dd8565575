import { isNixSymbol } from "./body/symbol.ts";
import { EntryReference } from "./entry-reference.ts";
import { isProperty } from "./lib/property.ts";

const longest = 120;
const deepest = 3;

/** A value for a message: JSON-like, short, never calls getters or conversions of the value's own. */
export function showValue(value: unknown): string {
  const text = show(value, 0);
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function show(value: unknown, depth: number): string {
  if (isNixSymbol(value)) return "a value that only Nix knows";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol" || typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof EntryReference) return `config.${value.path}`;
  if (isProperty(value)) return `mk${value.kind[0]?.toUpperCase()}${value.kind.slice(1)}(…)`;
  if (Array.isArray(value)) return showArray(value, depth);
  return showObject(value, depth);
}

function showArray(value: readonly unknown[], depth: number): string {
  if (value.length === 0) return "[ ]";
  if (depth >= deepest) return "[ … ]";
  return `[ ${value
    .slice(0, 20)
    .map((element) => show(element, depth + 1))
    .join(", ")}${value.length > 20 ? ", …" : ""} ]`;
}

function showObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `a ${value.constructor.name}`;
  const properties = Object.entries(Object.getOwnPropertyDescriptors(value));
  if (properties.length === 0) return "{ }";
  if (depth >= deepest) return "{ … }";
  const shown = properties
    .slice(0, 20)
    .map(
      ([key, { get, value: content }]) =>
        `${/^[\w$]+$/.test(key) ? key : JSON.stringify(key)}: ${get ? "…" : show(content, depth + 1)}`,
    );
  return `{ ${shown.join(", ")}${properties.length > 20 ? ", …" : ""} }`;
}

const mostNames = 12;

/** `"a", "b", … (40 in all)` */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => JSON.stringify(name));
  return names.length > mostNames ? `${shown.join(", ")}, … (${names.length} in all)` : shown.join(", ");
}
