import type { CheckContext } from "./context.ts";
import { isNear } from "./near-names.ts";

/** Classes that something evaluates. Source: nixpkgs (nixos, flake), nix-darwin, home-manager, clan-core, terranix by usage. */
const knownClasses: readonly string[] = ["nixos", "darwin", "homeManager", "generic", "flake", "clan", "terranix"];

/** Classes whose entries end in machines. */
const machineClasses: ReadonlySet<string> = new Set(["nixos", "darwin", "homeManager", "generic"]);

/** `nixos/machines/nixos/galena` → class `nixos`, entry `machines/nixos/galena`. */
export function splitEntry(name: string): { readonly class: string; readonly entry: string } {
  const slash = name.indexOf("/");
  return { class: name.slice(0, slash), entry: name.slice(slash + 1) };
}

/** The class that was probably meant by a class that nothing evaluates. */
export function meantClass(className: string): string | undefined {
  if (knownClasses.includes(className)) return undefined;
  return knownClasses.find((known) => known.toLowerCase() === className.toLowerCase() || isNear(className, known));
}

/** Machine whose entry this is by its name (`machines/<class>/<machine>`). */
export function machineOfEntry(entry: string): string | undefined {
  return /^machines\/(?:[^/]+\/)?([^/]+)$/.exec(entry)?.[1];
}

/**
 * Entries of the machines' classes that reach no machine and that no other entry refers to, so that each is a cause and
 * not the consequence of another. None where imports could not be followed.
 */
export function* strayEntries(context: CheckContext): Iterable<string> {
  if (!context.reachKnown) return;
  for (const [className, entries] of Object.entries(context.model.namespaces)) {
    if (!machineClasses.has(className)) continue;
    for (const [entry, { importedBy }] of Object.entries(entries)) {
      const name = `${className}/${entry}`;
      // An entry that only Nix defines, in a tree of both languages, is not ours to judge.
      if (importedBy.length > 0 || context.entries.get(name)?.importers.size !== 0) continue;
      yield name;
    }
  }
}

/** Folder of a machine in whose files an entry is defined: `modules/machines/nixos/galena/disko.ts` is galena's. */
export function machineOfFile(file: string, machines: Iterable<string>): string | undefined {
  const parts = file.split("/").flatMap((part) => [part, part.replace(/\.(?:ts|nix)$/, "")]);
  return [...machines].find((machine) => parts.includes(machine));
}
