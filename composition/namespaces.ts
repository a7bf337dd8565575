import {
  type Definition,
  descend,
  discharge,
  isAttributeSet,
  type RankedDefinition,
  strongest,
} from "./evaluation/definition.ts";
import { DeferredModule } from "./lib/types/deferred-module.ts";
import type { SourceLocation } from "./source-location.ts";

/** What one file contributes to an entry. */
export interface EntryDefinition {
  readonly class: string;
  readonly entry: string;
  /** Not looked into: see composition/body/. */
  readonly body: unknown;
  /** Relative to the fleet's root, as in `definedAt`. */
  readonly file: string;
  /** Looking for the line reads and splits the file's text: it is done when somebody asks. */
  readonly definedAt: SourceLocation;
  /** `nix`: written in a `.nix` flake module, which Nix reads itself; the body is what is known of it. Absent: TypeScript. */
  readonly language?: "nix";
}

/** Class → entry → definitions in file order; classes and entries in the alphabet's order. */
export type Namespaces = ReadonlyMap<string, ReadonlyMap<string, readonly EntryDefinition[]>>;

/** A member of `flake.nixpkgsOverlays`. */
export interface OverlayDefinition {
  readonly body: unknown;
  readonly definedAt: SourceLocation;
}

/** A definition of an option path, with its place. */
export interface LocatedValue extends SourceLocation {
  readonly value: unknown;
}

/** The entries of an evaluated flake. */
export function collectNamespaces(config: Readonly<Record<string, unknown>>): Namespaces {
  const namespaces = new Map<string, ReadonlyMap<string, readonly EntryDefinition[]>>();
  for (const [className, modules] of Object.entries(attributesAt(config, ["flake", "modules"]))) {
    const entries = new Map<string, readonly EntryDefinition[]>();
    for (const [entry, module] of Object.entries(asAttributes(modules))) {
      if (!(module instanceof DeferredModule)) continue;
      entries.set(
        entry,
        module.definitions.map((definition) => entryDefinition(className, entry, definition)),
      );
    }
    namespaces.set(className, entries);
  }
  return namespaces;
}

function entryDefinition(className: string, entry: string, definition: Definition): EntryDefinition {
  return {
    class: className,
    entry,
    body: definition.value,
    file: definition.source.file,
    get definedAt() {
      return definition.at;
    },
  };
}

/** Names of the entries only, for modules that ask while the flake is still evaluated. */
export function entryNames(config: Readonly<Record<string, unknown>>): ReadonlyMap<string, ReadonlySet<string>> {
  const classes = Object.entries(attributesAt(config, ["flake", "modules"]));
  return new Map(classes.map(([className, modules]) => [className, new Set(Object.keys(asAttributes(modules)))]));
}

/** The overlays of an evaluated flake, in the order in which they apply. */
export function collectOverlays(config: Readonly<Record<string, unknown>>): readonly OverlayDefinition[] {
  const overlays = attributesAt(config, ["flake"])["nixpkgsOverlays"];
  if (!Array.isArray(overlays)) return [];
  return overlays.flatMap((overlay) =>
    overlay instanceof DeferredModule
      ? overlay.definitions.map(({ value, at }) => ({ body: value, definedAt: at }))
      : [],
  );
}

/** Looks up the definitions behind option paths; what lies above a path is walked once. */
export function provenance(definitions: readonly Definition[]): (path: readonly string[]) => readonly LocatedValue[] {
  const known = new Map<string, Below>();
  const belowAt = (path: readonly string[]): Below => {
    const key = path.join("\0");
    const found = known.get(key);
    if (found !== undefined) return found;
    const last = path.at(-1);
    const ranked =
      last === undefined
        ? definitions.flatMap((definition) => discharge(definition))
        : descend(belowAt(path.slice(0, -1)).having(last), last);
    const below = new Below(ranked);
    known.set(key, below);
    return below;
  };
  return (path) => strongest(belowAt(path).ranked).map(({ at, value }) => ({ ...at, value }));
}

/** Definitions of one path, by the attributes that they have: a thousand files may each state one machine. */
class Below {
  readonly ranked: readonly RankedDefinition[];
  #byAttribute: Map<string, RankedDefinition[]> | undefined;

  constructor(ranked: readonly RankedDefinition[]) {
    this.ranked = ranked;
  }

  having(attribute: string): readonly RankedDefinition[] {
    if (this.ranked.length < 2) return this.ranked;
    this.#byAttribute ??= this.#index();
    return this.#byAttribute.get(attribute) ?? [];
  }

  #index(): Map<string, RankedDefinition[]> {
    const index = new Map<string, RankedDefinition[]>();
    for (const ranked of this.ranked) {
      const { value } = ranked.definition;
      if (!isAttributeSet(value)) continue;
      for (const name of Object.getOwnPropertyNames(value)) {
        const having = index.get(name);
        if (having === undefined) index.set(name, [ranked]);
        else having.push(ranked);
      }
    }
    return index;
  }
}

function attributesAt(config: unknown, path: readonly string[]): Readonly<Record<string, unknown>> {
  const [name, ...rest] = path;
  if (name === undefined) return asAttributes(config);
  return attributesAt(asAttributes(config)[name], rest);
}

function asAttributes(value: unknown): Readonly<Record<string, unknown>> {
  return isAttributeSet(value) ? value : {};
}
