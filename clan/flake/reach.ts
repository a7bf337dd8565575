import { type EntryName, entryIn } from "./origin.ts";
import type { FlakeInventory } from "./read-inventory.ts";
import type { ImportNode, MachineReading } from "./read-machines.ts";

/** `<class>/<entry>`, as the model writes entries. */
export function nameOf({ class: ofClass, entry }: EntryName): string {
  return `${ofClass}/${entry}`;
}

/** Entries among the origins, each once, in their order; what is no entry of a namespace is left out. */
export function entriesIn(origins: readonly (string | null)[]): string[] {
  const names = origins.flatMap((origin) => (origin === null ? [] : (entryIn(origin) ?? [])));
  return [...new Set(names.map(nameOf))];
}

/**
 * Entry → entries that its definitions, and the files that they import, say that they import, for homes, too; all as
 * `<class>/<entry>`. What only an evaluation could tell is missing.
 */
export function statedImports(namespaces: FlakeInventory["namespaces"]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(namespaces).flatMap(([ofClass, entries]) =>
      Object.entries(entries).map(([entry, { imports, homes }]) => {
        const toHomes = homes.flatMap((home) => Object.values(home).flat());
        return [nameOf({ class: ofClass, entry }), entriesIn([...imports, ...toHomes])] as const;
      }),
    ),
  );
}

/** Which entries a machine gets, through any chain of imports and homes. */
export class AdoptedReach {
  readonly #entries: ReadonlyMap<string, readonly string[]>;

  constructor(entries: ReadonlyMap<string, readonly string[]>) {
    this.#entries = entries;
  }

  /**
   * By the import graph where Nix gives one, else by what the registry imports and what entries say that they import.
   * @param registered - `<class>/<entry>` of the registry.
   */
  of(registered: readonly string[], reading: MachineReading | undefined): ReadonlySet<string> {
    const graph = reading?.graph ?? null;
    const homes = reading?.homeGraphs ?? null;
    const imported = graph === null ? registered : entriesIn(originsIn(graph));
    const stated = (reading?.homeImports ?? []).flatMap((users) => Object.values(users).flat());
    // A graph is whole; only what has none is followed by what entries say of themselves.
    const found = new Set([...(graph === null ? [] : imported), ...entriesIn(originsIn(homes ?? []))]);
    const waiting = [
      ...(graph === null ? imported : []),
      ...(homes === null ? [...entriesIn(stated), ...this.#homesOf(imported)] : []),
    ];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      waiting.push(...(this.#entries.get(next) ?? []));
    }
    return found;
  }

  #homesOf(entries: readonly string[]): string[] {
    return entries.flatMap((name) => this.#entries.get(name) ?? []).filter((name) => name.startsWith("homeManager/"));
  }
}

/** Every module of a graph, those that import before those that are imported. */
export function originsIn(graph: readonly ImportNode[]): string[] {
  return graph.flatMap(({ file, imports }) => [file, ...originsIn(imports)]);
}
