import { ModuleShapeError } from "../errors.ts";
import type { OptionType } from "../lib/option-type.ts";
import { isProperty } from "../lib/property.ts";
import { showValue } from "../show-value.ts";
import { formatLocation } from "../source-location.ts";
import { Definition, type DefinitionSource, isAttributeSet } from "./definition.ts";

/** What a module said, by kind. */
export interface ModuleOutput {
  readonly imports: readonly unknown[];
  readonly options: unknown;
  readonly config: Definition;
  readonly freeformType: OptionType | undefined;
}

const structure: ReadonlySet<string> = new Set(["imports", "options", "config", "freeformType"]);

/**
 * Definitions stand at the top of a module, or, where it declares options or says `config`, all inside `config`.
 * Source: nixpkgs, lib/modules.nix (unifyModuleSyntax).
 * @throws {ModuleShapeError}
 */
export function readModuleOutput(data: unknown, source: DefinitionSource, path: readonly string[]): ModuleOutput {
  if (isProperty(data))
    return { imports: [], options: undefined, config: new Definition(data, source, path), freeformType: undefined };
  if (!isAttributeSet(data)) throw notAModule(data, source);
  const { imports = [], freeformType } = data;
  if (!Array.isArray(imports)) throw importsNoList(imports, source);
  const structured = Object.hasOwn(data, "options") || Object.hasOwn(data, "config");
  const definitions = Object.keys(data).filter((key) => !structure.has(key));
  if (structured && definitions.length > 0) throw mixedModule(definitions, source);
  return {
    imports,
    options: data["options"],
    config: new Definition(structured ? (data["config"] ?? {}) : withoutStructure(data, definitions), source, path),
    // Checked where it is used: only submodules have one.
    freeformType: freeformType as OptionType | undefined,
  };
}

/** Keeps getters uncalled: they are how an author makes a definition lazy. */
function withoutStructure(data: object, definitions: readonly string[]): unknown {
  const kept: Record<string, unknown> = {};
  for (const key of definitions) {
    const descriptor = Object.getOwnPropertyDescriptor(data, key);
    if (descriptor !== undefined) Object.defineProperty(kept, key, descriptor);
  }
  return kept;
}

function notAModule(data: unknown, source: DefinitionSource): ModuleShapeError {
  return new ModuleShapeError({
    summary: `${source.file}: the module is no object`,
    expected: "an object with definitions, options or imports, or a function that returns one",
    found: data instanceof Promise ? "a promise: modules cannot be async" : showValue(data),
    at: source.file,
    fix: "export default flakeModule(({ config, lib }) => ({ … }))",
  });
}

function importsNoList(imports: unknown, source: DefinitionSource): ModuleShapeError {
  const line = source.locate(["imports"]);
  return new ModuleShapeError({
    summary: `${source.file}: imports is no list`,
    expected: "a list of flake modules",
    found: showValue(imports),
    at: formatLocation(line === undefined ? { file: source.file } : { file: source.file, line }),
    fix: "write imports: [ … ]",
  });
}

function mixedModule(definitions: readonly string[], source: DefinitionSource): ModuleShapeError {
  const names = definitions.map((name) => JSON.stringify(name)).join(", ");
  const line = source.locate([definitions[0] ?? ""]);
  return new ModuleShapeError({
    summary: `${source.file}: definitions stand both beside and inside options/config`,
    expected: "in a module with `options` or `config`, every definition inside `config`",
    found: `${names} beside them`,
    at: formatLocation(line === undefined ? { file: source.file } : { file: source.file, line }),
    fix: `move ${names} into config: { … }`,
  });
}
