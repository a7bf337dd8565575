/** A unit file with its drop-ins: section → key → values in order. `[Install]` is left out: it says nothing about a run. */
export type UnitText = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/**
 * Reads unit files, each after the one that it adds to: an empty value forgets the ones before it.
 * Source: systemd.syntax(7), systemd.unit(5).
 */
export function parseUnit(texts: readonly string[]): UnitText {
  const sections = new Map<string, Map<string, string[]>>();
  for (const text of texts) {
    let section = "";
    for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
      const header = /^\[(.+)\]$/.exec(trimmed)?.[1];
      if (header !== undefined) section = header;
      else if (section !== "Install") addLine(sections, section, trimmed);
    }
  }
  return sections;
}

function addLine(sections: Map<string, Map<string, string[]>>, section: string, line: string): void {
  const equals = line.indexOf("=");
  if (equals <= 0) return;
  const key = line.slice(0, equals).trimEnd();
  const value = line.slice(equals + 1).trimStart();
  const keys = sections.get(section) ?? new Map<string, string[]>();
  keys.set(key, value === "" ? [] : [...(keys.get(key) ?? []), value]);
  sections.set(section, keys);
}

/** The last value counts. Source: switch-to-configuration-ng, which knows these four words. */
export function unitFlag(unit: UnitText, section: string, key: string, otherwise: boolean): boolean {
  const value = unit.get(section)?.get(key)?.at(-1);
  return value === undefined ? otherwise : ["1", "yes", "true", "on"].includes(value);
}

/** Words of all values of a key: units are named so. */
export function unitWords(unit: UnitText, section: string, key: string): string[] {
  return (unit.get(section)?.get(key) ?? []).flatMap((value) => value.split(/\s+/)).filter((word) => word !== "");
}

/** What a running unit does not notice. Source: nixpkgs 26.05, switch-to-configuration-ng. */
const unnoticed = new Set([
  "X-Reload-Triggers",
  "Description",
  "Documentation",
  "OnFailure",
  "OnSuccess",
  "OnFailureJobMode",
  "IgnoreOnIsolate",
  "StopWhenUnneeded",
  "RefuseManualStart",
  "RefuseManualStop",
  "AllowIsolate",
  "CollectMode",
  "SourcePath",
]);

/** What a running unit needs to become another one. */
export type UnitDifference = "none" | "reload" | "restart";

/** Source: nixpkgs 26.05, switch-to-configuration-ng. */
export function compareUnits(before: UnitText, after: UnitText): UnitDifference {
  let found: UnitDifference = "none";
  for (const section of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(section), after.get(section)];
    for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
      const difference = compareValues(`${section}.${key}`, old?.get(key), now?.get(key));
      if (difference === "restart") return "restart";
      if (difference === "reload") found = "reload";
    }
  }
  return found;
}

function compareValues(
  name: string,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): UnitDifference {
  if (before?.join("\n") === after?.join("\n")) return "none";
  // What can no longer be reloaded is left as it runs.
  if (name === "Unit.X-Reload-Triggers" || name === "Service.ExecReload")
    return after === undefined ? "none" : "reload";
  if (name.startsWith("Unit.") && unnoticed.has(name.slice("Unit.".length))) return "none";
  return name === "Mount.Options" && before !== undefined && after !== undefined ? "reload" : "restart";
}
