import { OptionDeclarationError } from "../errors.ts";
import { Option, type OptionSpec } from "../lib/option.ts";
import { formatPath } from "../option-path.ts";
import { showValue } from "../show-value.ts";
import { formatLocation, pathInFleet, type SourceLocation } from "../source-location.ts";
import { Definition, type DefinitionSource, isAttributeSet } from "./definition.ts";

/** Declared options by name, as a tree. */
export type OptionNode = OptionSet | DeclaredOption;

export interface OptionSet {
  readonly kind: "set";
  readonly children: Map<string, OptionNode>;
}

export interface DeclaredOption {
  readonly kind: "option";
  readonly spec: OptionSpec;
  /** The place of the first declaration. */
  readonly declared: Definition;
  readonly declaredAt: SourceLocation;
}

/** Adds a module's `options` to the tree. @throws {OptionDeclarationError} */
export function declareOptions(
  tree: OptionSet,
  options: unknown,
  source: DefinitionSource,
  path: readonly string[],
): void {
  if (!isAttributeSet(options)) throw shapeError(options, source, path);
  for (const [name, value] of Object.entries(options)) {
    const place = [...path, name];
    const existing = tree.children.get(name);
    if (value instanceof Option) {
      tree.children.set(name, declareOne(existing, value, source, place));
      continue;
    }
    if (!isAttributeSet(value)) throw shapeError(value, source, place);
    if (existing?.kind === "option") throw prefixError(existing.declaredAt, { file: source.file }, place);
    const set: OptionSet = existing ?? { kind: "set", children: new Map() };
    tree.children.set(name, set);
    declareOptions(set, value, source, place);
  }
}

function declareOne(
  existing: OptionNode | undefined,
  option: Option,
  source: DefinitionSource,
  path: readonly string[],
): DeclaredOption {
  const site = option.declaredAt;
  const declaredAt =
    site === undefined ? { file: source.file } : { file: pathInFleet(source.root, site.path), line: site.line };
  const declared = new Definition(undefined, { ...source, file: declaredAt.file, locate: () => declaredAt.line }, path);
  if (existing === undefined) return { kind: "option", spec: option.spec, declared, declaredAt };
  if (existing.kind === "set") throw prefixError(declaredAt, { file: "another module" }, path);
  return { ...existing, spec: combineSpecs(existing, option.spec, declaredAt, path) };
}

function combineSpecs(
  { spec, declaredAt: first }: DeclaredOption,
  more: OptionSpec,
  second: SourceLocation,
  path: readonly string[],
): OptionSpec {
  const type = spec.type.combine(more.type);
  const twice = ["default", "apply"].some((key) => Object.hasOwn(spec, key) && Object.hasOwn(more, key));
  if (type !== undefined && !twice) return { ...more, ...spec, type };
  throw new OptionDeclarationError({
    summary: `${formatPath(path)}: the option is declared twice`,
    expected: "one declaration, or declarations whose types are one and of which only one has a default",
    found: `${spec.type.description} in ${formatLocation(first)}\n${more.type.description} in ${formatLocation(second)}`,
    at: formatLocation(second),
    fix: "remove one declaration",
  });
}

function prefixError(option: SourceLocation, set: SourceLocation, path: readonly string[]): OptionDeclarationError {
  return new OptionDeclarationError({
    summary: `${formatPath(path)}: declared both as an option and as a set of options`,
    expected: "one of the two",
    found: `an option in ${formatLocation(option)}\na set of options in ${formatLocation(set)}`,
    at: formatLocation(option),
    fix: "give the option another name, or make it a submodule with these options",
  });
}

function shapeError(value: unknown, source: DefinitionSource, path: readonly string[]): OptionDeclarationError {
  const line = source.locate(["options", ...path]);
  return new OptionDeclarationError({
    summary: `options.${formatPath(path)}: neither an option nor a set of options`,
    expected: "lib.mkOption({ type: … }), or an object of such",
    found: showValue(value),
    at: formatLocation(line === undefined ? { file: source.file } : { file: source.file, line }),
    fix: "wrap the declaration: lib.mkOption({ type: lib.types.str, default: … })",
  });
}
