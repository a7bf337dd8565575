import { OptionTypeError } from "../errors.ts";
import { isProperty, orders, type Property, priorities } from "../lib/property.ts";
import { showValue } from "../show-value.ts";
import { formatLocation, pathInFleet, type SourceLocation } from "../source-location.ts";
import { isUnknown } from "./unknown-value.ts";

/** Where definitions come from: a file of the tree, or the module of a library. */
export interface DefinitionSource {
  /** As messages show it. */
  readonly file: string;
  /** The fleet's root, for places that turn up while evaluating. */
  readonly root: string;
  /** The line on which the attribute stands, as far as the text tells. */
  locate(path: readonly string[]): number | undefined;
}

/** A value that a file gives to an option or to an attribute below one. */
export class Definition {
  readonly value: unknown;
  readonly source: DefinitionSource;
  /** Attribute path inside the file. */
  readonly path: readonly string[];

  constructor(value: unknown, source: DefinitionSource, path: readonly string[]) {
    this.value = value;
    this.source = source;
    this.path = path;
  }

  /** Reads the file's text when asked, hence only for messages and provenance. */
  get at(): SourceLocation {
    const line = this.source.locate(this.path);
    return line === undefined ? { file: this.source.file } : { file: this.source.file, line };
  }

  with(value: unknown): Definition {
    return new Definition(value, this.source, this.path);
  }

  /** The definition of the attribute `key` inside of this one. */
  child(key: string, value: unknown): Definition {
    return new Definition(value, this.source, [...this.path, key]);
  }
}

/** A definition without properties around it, with what they said. */
export interface RankedDefinition {
  readonly definition: Definition;
  readonly priority: number;
  readonly order: number;
}

interface Rank {
  readonly priority?: number;
  readonly order?: number;
}

/**
 * Takes the properties off a definition: none, one or several definitions remain. The outermost override and the
 * outermost order count, whichever way they are nested.
 * Source: nixpkgs, lib/modules.nix: dischargeProperties, filterOverrides.
 */
export function discharge(definition: Definition, inherited: Rank = {}): readonly RankedDefinition[] {
  const { value } = definition;
  if (isProperty(value)) return dischargeProperty(definition, value, inherited);
  if (isUnknown(value)) return [];
  return [{ definition, priority: inherited.priority ?? priorities.plain, order: inherited.order ?? orders.plain }];
}

/**
 * What stands inside a definition's properties, whether it counts or not.
 * Source: nixpkgs, lib/modules.nix: pushDownProperties.
 */
export function uncover(definition: Definition): readonly Definition[] {
  const { value } = definition;
  if (isUnknown(value)) return [];
  if (!isProperty(value)) return [definition];
  const contents = value.kind === "merge" ? value.contents : [value.content];
  return contents.flatMap((content) => uncover(definition.with(content)));
}

function dischargeProperty(definition: Definition, property: Property, inherited: Rank): readonly RankedDefinition[] {
  switch (property.kind) {
    case "if":
      return conditionHolds(definition, property.condition, property.misusedAt)
        ? discharge(definition.with(property.content), inherited)
        : [];
    case "merge":
      return property.contents.flatMap((content) => discharge(definition.with(content), inherited));
    case "override":
      return discharge(definition.with(property.content), { priority: property.priority, ...inherited });
    case "order":
      return discharge(definition.with(property.content), { order: property.order, ...inherited });
  }
}

function conditionHolds(
  definition: Definition,
  condition: unknown,
  site: { readonly path: string; readonly line: number } | undefined,
): boolean {
  if (typeof condition === "boolean") return condition;
  if (isUnknown(condition)) return false;
  const { root } = definition.source;
  const at = site === undefined ? definition.at : { file: pathInFleet(root, site.path), line: site.line };
  throw new OptionTypeError({
    summary: "mkIf: the condition is no boolean",
    expected: "true or false, known while the flake is composed",
    found: showValue(condition),
    at: formatLocation(at),
    fix: "compute a boolean from the flake's config; for a condition on the machine's own config take `lib` and `config` from the body's arguments",
  });
}

/** The definitions that count, in their order. */
export function strongest(ranked: readonly RankedDefinition[]): readonly Definition[] {
  const top = ranked.reduce((least, { priority }) => Math.min(least, priority), Number.POSITIVE_INFINITY);
  const kept = ranked.filter(({ priority }) => priority === top);
  if (kept.some(({ order }) => order !== orders.plain)) kept.sort((a, b) => a.order - b.order);
  return kept.map(({ definition }) => definition);
}

/** Where the attribute `key` is defined; calls no getter, hence without values. */
export function definedBelow(ranked: readonly RankedDefinition[], key: string): readonly Definition[] {
  return ranked
    .filter(({ definition: { value } }) => isAttributeSet(value) && Object.hasOwn(value, key))
    .map(({ definition }) => definition.child(key, undefined));
}

/** Definitions of the attribute `key` inside definitions of the set around it; what surrounds the set is inherited. */
export function descend(ranked: readonly RankedDefinition[], key: string): readonly RankedDefinition[] {
  const found: RankedDefinition[] = [];
  for (const { definition, priority, order } of ranked) {
    const { value } = definition;
    if (!isAttributeSet(value) || !Object.hasOwn(value, key)) continue;
    // Plain ranks are not inherited, so that the attribute's own properties count.
    const inherited = {
      ...(priority === priorities.plain ? {} : { priority }),
      ...(order === orders.plain ? {} : { order }),
    };
    for (const child of discharge(definition.child(key, value[key]), inherited)) found.push(child);
  }
  return found;
}

/** A plain object: what Nix calls an attribute set. Instances of classes, arrays and functions are not. */
export function isAttributeSet(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** ``- In `modules/a.ts:3': "x"`` for each definition, as nixpkgs lists them. */
export function listDefinitions(definitions: readonly Definition[]): string {
  return definitions
    .map((definition) => `- In \`${formatLocation(definition.at)}': ${showValue(definition.value)}`)
    .join("\n");
}

/** The places of several definitions, one a line, each once. */
export function listPlaces(definitions: readonly Definition[]): string {
  return [...new Set(definitions.map((definition) => formatLocation(definition.at)))].join("\n");
}
