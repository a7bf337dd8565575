import { FlakeConfigMisuseError } from "./errors.ts";
import { formatPath } from "./option-path.ts";
import { formatLocation, type SourceLocation } from "./source-location.ts";

/** Finds the place of a reference when it is first asked for. */
export interface PlaceFinder {
  placeOf(reference: EntryReference): SourceLocation;
}

/**
 * What `config.flake.modules.<class>.<entry>` gives: the name of a deferred module, not its contents. It stands in
 * `imports` lists, at the flake level and inside bodies, and is printed as the Nix path to the entry.
 */
export class EntryReference {
  /** Normalised: `common` is `generic`. */
  readonly class: string;
  readonly entry: string;
  #usedAt: SourceLocation | PlaceFinder;

  constructor(className: string, entry: string, usedAt: SourceLocation | PlaceFinder) {
    this.class = className;
    this.entry = entry;
    this.#usedAt = usedAt;
  }

  /** The author's line that named it. */
  get usedAt(): SourceLocation {
    if ("placeOf" in this.#usedAt) this.#usedAt = this.#usedAt.placeOf(this);
    return this.#usedAt;
  }

  /** `flake.modules.nixos.base`. */
  get path(): string {
    return formatPath(["flake", "modules", this.class, this.entry]);
  }

  toJSON(): { readonly class: string; readonly entry: string } {
    return { class: this.class, entry: this.entry };
  }

  [Symbol.toPrimitive](): never {
    throw new FlakeConfigMisuseError({
      summary: `config.${this.path} is a module to import, used as text or as a number`,
      expected: "the reference itself, in a list of imports or in a nix template",
      found: "a conversion of it to a JavaScript value",
      at: formatLocation(this.usedAt),
      fix: "put the reference into `imports`, or into a nix template",
    });
  }

  /** Two references are the same when they name the same entry, wherever they were used. */
  equals(other: unknown): boolean {
    return other instanceof EntryReference && other.class === this.class && other.entry === this.entry;
  }
}

/** `common` is the document's name for what nixpkgs calls `generic`. */
export function normaliseClass(className: string): string {
  return className === "common" ? "generic" : className;
}
