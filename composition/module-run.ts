import { EntryReference, type PlaceFinder } from "./entry-reference.ts";
import type { SourceLocation } from "./source-location.ts";

/**
 * The references that one run of a module's function asked for. Nobody knows yet whether an error will have to name the
 * line of one, a large fleet has 200,000, and V8 takes 3 µs to look at the stack. So the function is called again, this
 * time with a look at each reference, when the first line is asked for: it asks for the same ones in the same order.
 */
export class ModuleRun implements PlaceFinder {
  /** In the order in which they were asked for. */
  readonly references: EntryReference[] = [];
  readonly #file: string;
  readonly #repeat: () => readonly EntryReference[];
  #repeated: readonly EntryReference[] | undefined;
  /** Asked for by values that the function was the first to read. Values are computed once: they do not come again. */
  readonly #placed = new Set<EntryReference>();

  /** @param repeat - calls the function again; what it asks for itself, each with its place. Absent: no function runs. */
  constructor(file = "(unknown file)", repeat: () => readonly EntryReference[] = () => []) {
    this.#file = file;
    this.#repeat = repeat;
  }

  /** A reference that the function itself asks for. */
  add(className: string, entry: string): EntryReference {
    const reference = new EntryReference(className, entry, this);
    this.references.push(reference);
    return reference;
  }

  /** A reference whose place is known. */
  addPlaced(reference: EntryReference): void {
    this.references.push(reference);
    this.#placed.add(reference);
  }

  placeOf(reference: EntryReference): SourceLocation {
    this.#repeated ??= this.#repeat();
    const own = this.references.filter((one) => !this.#placed.has(one));
    const twin = this.#repeated[own.indexOf(reference)];
    if (twin?.equals(reference) === true) return twin.usedAt;
    // The function says something else each time: another line with that entry is better than none.
    return this.#repeated.find((one) => one.equals(reference))?.usedAt ?? { file: this.#file };
  }
}
