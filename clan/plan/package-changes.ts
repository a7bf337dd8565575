import { compareText } from "../../composition/nearest.ts";
import type { PackageChange, PackagesPlan } from "./machine-plan.ts";

/** A store path of a closure. */
export interface ClosurePath {
  readonly path: string;
  /** Bytes of its archive. */
  readonly narSize: number;
}

/** What differs between two closures, by the names and versions of their store paths. */
export function comparePackages(
  before: readonly ClosurePath[],
  after: readonly ClosurePath[],
): Extract<PackagesPlan, { kind: "known" }> {
  const [old, now] = [byName(before), byName(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  const lists = { added: [] as PackageChange[], removed: [] as PackageChange[], up: [] as PackageChange[] };
  const down: PackageChange[] = [];
  let rebuilt = 0;
  for (const name of names) {
    const [a, b] = [old.get(name), now.get(name)];
    const change = { name, before: versionsOf(a), after: versionsOf(b) };
    const isPackage = change.before.length + change.after.length > 0;
    if (samePaths(a, b)) continue;
    if (!isPackage || change.before.join(" ") === change.after.join(" ")) rebuilt += 1;
    else if (change.before.length === 0) lists.added.push(change);
    else if (change.after.length === 0) lists.removed.push(change);
    else (isUp(change) ? lists.up : down).push(change);
  }
  return { kind: "known", ...lists, down, rebuilt, sizeBytes: { before: sizeOf(before), after: sizeOf(after) } };
}

interface Named {
  readonly versions: Set<string>;
  readonly paths: Set<string>;
}

function byName(closure: readonly ClosurePath[]): ReadonlyMap<string, Named> {
  const found = new Map<string, Named>();
  for (const { path } of closure) {
    const { name, version } = parsePackageName(path.slice("/nix/store/".length + 33));
    const known = found.get(name) ?? { versions: new Set(), paths: new Set() };
    if (version !== "") known.versions.add(version);
    known.paths.add(path);
    found.set(name, known);
  }
  return found;
}

/** Outputs of a derivation beside its first have their name behind the version. Source: nixpkgs, multiple-output packages. */
const outputs = /-(?:bin|dev|lib|out|man|doc|devdoc|info|data|static|debug|py|terminfo|locale|crypto|dist)$/;

/**
 * The name and version in a store path's name: the version begins after the first dash that no letter follows.
 * Source: Nix manual 2.26, `builtins.parseDrvName`.
 */
export function parsePackageName(text: string): { readonly name: string; readonly version: string } {
  const plain = text.replace(outputs, "");
  const dash = /-(?=[^A-Za-z])/.exec(plain);
  if (dash === null || dash.index === 0) return { name: plain, version: "" };
  return { name: plain.slice(0, dash.index), version: plain.slice(dash.index + 1) };
}

function versionsOf(named: Named | undefined): string[] {
  return [...(named?.versions ?? [])].sort(compareVersions);
}

function samePaths(a: Named | undefined, b: Named | undefined): boolean {
  return a !== undefined && b !== undefined && a.paths.symmetricDifference(b.paths).size === 0;
}

/** By the newest version, then by the oldest: a closure may hold several. */
function isUp({ before, after }: PackageChange): boolean {
  const newest = compareVersions(before.at(-1) ?? "", after.at(-1) ?? "");
  return (newest === 0 ? compareVersions(before[0] ?? "", after[0] ?? "") : newest) <= 0;
}

/** @returns below 0: `a` is older. Source: Nix manual 2.26, `builtins.compareVersions`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [componentsOf(a), componentsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareComponents(left[index] ?? "", right[index] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

function componentsOf(version: string): readonly string[] {
  return version.match(/\d+|[^\d.-]+/g) ?? [];
}

/** Numbers by value; `pre` is older than anything, words are older than numbers. */
function compareComponents(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Number(a) - Number(b);
  if (a === "" && y) return -1;
  if (b === "" && x) return 1;
  if (a === "pre" && b !== "pre") return -1;
  if (b === "pre") return 1;
  if (y) return -1;
  if (x) return 1;
  return compareText(a, b);
}

function sizeOf(closure: readonly ClosurePath[]): number {
  return closure.reduce((sum, { narSize }) => sum + narSize, 0);
}
