import { basename, dirname } from "node:path";
import type { EntryDefinition } from "../evaluate-flake.ts";

/** A definition and the emitted file that will hold it; a body by path needs none. */
export interface PlacedDefinition {
  readonly definition: EntryDefinition;
  /** Relative to the fleet's root: `nix/entries/nixos/base/openssh.nix`. */
  readonly file: string;
}

/** What is kept of a name in a file's name; everything else becomes `_`. */
const kept = /[^A-Za-z0-9._+-]/g;

/**
 * Gives each definition of an entry its own file: `nix/entries/<class>/<entry>/<definition>.nix`, named after the
 * TypeScript file. Files of the same name get as many of their folders' names in front as tell them apart.
 * @param taken - paths in use, in lower case, since macOS folds case; grows.
 */
export function placeDefinitions(
  definitions: readonly EntryDefinition[],
  taken: Set<string>,
): readonly PlacedDefinition[] {
  const names = distinctNames(definitions.map(({ file }) => file));
  return definitions.map((definition, index) => {
    const folder = ["nix", "entries", ...[definition.class, ...definition.entry.split("/")].map(segment)].join("/");
    return { definition, file: firstFree(`${folder}/${segment(names[index] ?? "definition")}`, taken) };
  });
}

function segment(name: string): string {
  const safe = name.replace(kept, "_");
  return /^\.*$/.test(safe) ? "_" : safe;
}

/** The shortest trailing part of each path that no other path shares, joined by `-`, without suffix. */
function distinctNames(files: readonly string[]): readonly string[] {
  const paths = files.map((file) => file.replace(/\.[cm]?ts$/, ""));
  return paths.map((path) => {
    const others = new Set(paths.filter((other) => other !== path));
    for (let depth = 1; ; depth++) {
      const name = tail(path, depth);
      const shared = [...others].some((other) => tail(other, depth).toLowerCase() === name.toLowerCase());
      if (!shared || depth > path.split("/").length) return name;
    }
  });
}

function tail(path: string, depth: number): string {
  return depth === 1 ? basename(path) : `${tail(dirname(path), depth - 1)}-${basename(path)}`;
}

function firstFree(stem: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const file = number === 1 ? `${stem}.nix` : `${stem}-${number}.nix`;
    if (taken.has(file.toLowerCase())) continue;
    taken.add(file.toLowerCase());
    return file;
  }
}
