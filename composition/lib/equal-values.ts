import { EntryReference } from "../entry-reference.ts";
import { isAttributeSet } from "../evaluation/definition.ts";

/** Equality of data; functions and instances are equal to themselves only, references to references of the same entry. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof EntryReference) return a.equals(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, index) => equalValues(element, b[index]));
  }
  if (!isAttributeSet(a) || !isAttributeSet(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key], b[key]))
  );
}
