/** A value as it crosses the wire between engine and provider, secrets opened and assets not used. */
export type PropertyValue = null | boolean | number | string | readonly PropertyValue[] | Properties;
export interface Properties {
  readonly [key: string]: PropertyValue;
}

/** Stands for a value that a preview does not know. Source: @pulumi/pulumi 3.270, runtime/rpc.ts, `unknownValue`. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: PropertyValue | undefined): boolean {
  return value === unknown;
}

export function isProperties(value: PropertyValue | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The nested object under a key; empty when there is none. */
export function objectAt(from: Properties, key: string): Properties {
  const value = from[key];
  return isProperties(value) ? value : {};
}

/** The objects of the list under a key. */
export function objectsAt(from: Properties, key: string): readonly Properties[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isProperties) : [];
}

/** The text under a key; undefined when it is absent, empty, unknown or something else. */
export function textAt(from: Properties, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" && value !== "" && !isUnknown(value) ? value : undefined;
}

/** One changed place: `bootDisk.initializeParams.size`, `tags[0]`, `labels["a.b"]`. */
export interface Change {
  readonly path: string;
  /** First name of the path. */
  readonly property: string;
  readonly kind: "add" | "delete" | "update";
}

/** Every place in which two sets of inputs differ. An unknown value differs from any other. */
export function changesBetween(olds: Properties, news: Properties): readonly Change[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !key.startsWith("__")).sort();
  return keys.flatMap((key) =>
    changesAt(olds[key], news[key], step("", key)).map(({ path, kind }) => ({ path, kind, property: key })),
  );
}

function changesAt(
  old: PropertyValue | undefined,
  next: PropertyValue | undefined,
  path: string,
): readonly Omit<Change, "property">[] {
  const [before, after] = [old ?? undefined, next ?? undefined]; // null is absent
  if (before === after) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => changesAt(before[index], after[index], `${path}[${index}]`)).flat();
  }
  if (isProperties(before) && isProperties(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changesAt(before[key], after[key], step(path, key)));
  }
  return [{ path, kind: "update" }];
}

function step(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
