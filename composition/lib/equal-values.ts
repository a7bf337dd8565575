import { describeExpression, expressionOf } from "../body/symbol.ts";
import { EntryReference } from "../entry-reference.ts";

/**
 * Equality of definitions' values. References are equal when they name the same entry, functions when they are one or,
 * since a module's function that runs again makes new ones, when their text is the same; instances by their fields.
 */
export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "function" && typeof b === "function") return equalFunctions(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof EntryReference) return a.equals(b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalValues(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

function equalFunctions(a: object, b: object): boolean {
  const [first, second] = [expressionOf(a), expressionOf(b)];
  if (first !== undefined && second !== undefined) return describeExpression(first) === describeExpression(second);
  if (first !== undefined || second !== undefined) return false;
  return Function.prototype.toString.call(a) === Function.prototype.toString.call(b);
}
