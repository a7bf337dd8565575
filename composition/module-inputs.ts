import { ImportTree } from "./define-fleet.ts";
import { ModuleShapeError } from "./errors.ts";
import type { DefinitionSource } from "./evaluation/definition.ts";
import type { ModuleInput } from "./evaluation/module-graph.ts";
import { FlakeModule, type FlakeModuleData, type FlakeModuleInput } from "./flake-module.ts";
import type { LoadedModule } from "./load-modules.ts";
import { showValue } from "./show-value.ts";
import { SourceFiles } from "./source/source-file.ts";
import { formatLocation } from "./source-location.ts";

/**
 * Gives each flake module its file. A module is itself: imported twice, from a tree and by name, it counts once.
 */
export class ModuleInputs {
  readonly #sources: SourceFiles;
  readonly #pathOf = new Map<unknown, string>();

  constructor(root: string, loaded: readonly LoadedModule[]) {
    this.#sources = new SourceFiles(root);
    for (const { path, module } of loaded) if (!this.#pathOf.has(module)) this.#pathOf.set(module, path);
  }

  /** @param importer - where the import stands; absent: in fleet.ts. */
  of(imported: unknown, importer: DefinitionSource = this.#sources.of(`${this.#sources.root}/fleet.ts`)): ModuleInput {
    if (!isModule(imported)) throw notImportable(imported, importer);
    const path = this.#pathOf.get(imported) ?? (imported instanceof FlakeModule ? imported.definedAt?.path : undefined);
    const source = path === undefined ? importer : this.#sources.of(path);
    return {
      module: imported instanceof FlakeModule ? imported.module : imported,
      source,
      path: [],
      key: imported,
      importOf: (inner) => this.of(inner, source),
    };
  }

  /** A module that no file of TypeScript holds. */
  ofOther(module: FlakeModuleData, source: DefinitionSource): ModuleInput {
    return { module, source, path: [], key: module, importOf: (inner) => this.of(inner, source) };
  }
}

function isModule(value: unknown): value is FlakeModuleInput {
  if (value instanceof FlakeModule || typeof value === "function") return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ImportTree);
}

function notImportable(imported: unknown, importer: DefinitionSource): ModuleShapeError {
  const line = importer.locate(["imports"]);
  return new ModuleShapeError({
    summary: `${importer.file}: imports has a member that is no flake module`,
    expected: "flake modules; importTree(…) in fleet.ts only",
    found: imported === undefined ? "undefined (two files that import each other?)" : showValue(imported),
    at: formatLocation(line === undefined ? { file: importer.file } : { file: importer.file, line }),
    fix: 'import the other file\'s default export: import other from "./other.ts"',
  });
}
