/** An attribute set written in TypeScript. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** True for `{ … }`: no instance of a class, no function, no list. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
