import { isPlainObject, type PlainObject } from "../body/plain-object.ts";
import { isSpliceName, Splice } from "../body/splice.ts";

/** True for a list or a set into which something that only Nix knows was spread. */
export function hasSplice(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((element) => element instanceof Splice);
  return isPlainObject(value) && Object.keys(value).some(isSpliceName);
}

/** What was spread, where nothing else is in the list or set; undefined for everything else. */
export function onlySplice(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? symbolOf(value[0]) : undefined;
  if (!isPlainObject(value) || !hasSplice(value)) return undefined;
  const [only, ...others] = Object.values(value);
  return others.length === 0 ? symbolOf(only) : undefined;
}

function symbolOf(value: unknown): unknown {
  return value instanceof Splice ? value.symbol : undefined;
}

/** Lists, written out and spread, that together are the list. */
export function listParts(values: readonly unknown[]): readonly unknown[] {
  const parts: unknown[] = [];
  let open: unknown[] | undefined;
  for (const value of values) {
    if (value instanceof Splice) {
      parts.push(value.symbol);
      open = undefined;
    } else if (open !== undefined) {
      open.push(value);
    } else {
      open = [value];
      parts.push(open);
    }
  }
  return parts;
}

/** Sets, written out and spread, of which the later ones win: as in JavaScript, as with `//`. */
export function attributeParts(attributes: PlainObject): readonly unknown[] {
  const parts: unknown[] = [];
  let open: [string, unknown][] = [];
  const close = (): void => {
    // Entries, since an assignment to `__proto__` makes no attribute.
    if (open.length > 0) parts.push(Object.fromEntries(open));
    open = [];
  };
  for (const [name, value] of Object.entries(attributes)) {
    if (isSpliceName(name)) {
      close();
      parts.push(value instanceof Splice ? value.symbol : value);
    } else {
      open.push([name, value]);
    }
  }
  close();
  return parts;
}
