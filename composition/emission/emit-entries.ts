import { dirname, join } from "node:path";
import { FleetError, throwGathered } from "../../errors.ts";
import { type EvaluatedBody, evaluateBody } from "../body/evaluate-body.ts";
import { NixFile } from "../body/tree-path.ts";
import type { EntryDefinition, FlakeEvaluation } from "../evaluate-flake.ts";
import { compareText } from "../nearest.ts";
import { printNix } from "../nix-text/print-nix.ts";
import { formatLocation } from "../source-location.ts";
import { placeDefinitions } from "./definition-files.ts";
import { type Binding, type EmittedFiles, printFlakeModule, printHeader } from "./generated-file.ts";

/**
 * Emits every definition into a file of its own, and `nix/entries.nix`, which names them.
 * @throws {FleetError} @throws {FleetErrors} for all definitions that cannot be printed, together.
 */
export function emitEntries(evaluation: FlakeEvaluation): EmittedFiles {
  const files = new Map<string, string>();
  const errors: FleetError[] = [];
  const bindings: Binding[] = [];
  const taken = new Set<string>();
  for (const [className, entries] of sorted(evaluation.namespaces)) {
    for (const [entry, all] of sorted(entries)) {
      // What `.nix` flake modules define, import-tree brings into the same flake.
      const definitions = all.filter(({ language }) => language !== "nix");
      if (definitions.length === 0) continue;
      const imports = emitDefinitions(definitions, evaluation.root, taken, files, errors);
      // By path: an entry that is imported by two ways then counts once. Source: nixpkgs, lib/modules.nix (module keys).
      bindings.push({ path: ["flake", "modules", className, entry, "imports"], value: imports });
    }
  }
  throwGathered(errors);
  const file = "nix/entries.nix";
  files.set(file, printFlakeModule(evaluation.root, { file, source: "the flake modules", arguments: [], bindings }));
  return files;
}

function emitDefinitions(
  definitions: readonly EntryDefinition[],
  root: string,
  taken: Set<string>,
  files: Map<string, string>,
  errors: FleetError[],
): readonly unknown[] {
  const evaluated = definitions.flatMap((definition) =>
    gather(errors, () => ({ definition, body: evaluateBody(definition.body, definition) })),
  );
  const inText = evaluated.filter(({ body }) => body.kind !== "file").map(({ definition }) => definition);
  const places = new Map(placeDefinitions(inText, taken).map(({ definition, file }) => [definition, file]));
  return evaluated.flatMap(({ definition, body }) => {
    // Nix then names the TypeScript file as the one that defines it; the file itself still counts once.
    if (body.kind === "file") return { _file: definition.file, imports: [body.file] };
    const file = places.get(definition);
    if (file === undefined) throw new Error(`no file was chosen for a definition of ${definition.entry}`);
    for (const text of gather(errors, () => printDefinition(definition, body, root, file))) files.set(file, text);
    return new NixFile(join(root, file), undefined);
  });
}

/** The value, or nothing and one error more. */
function gather<T>(errors: FleetError[], make: () => T): readonly T[] {
  try {
    return [make()];
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    errors.push(error);
    return [];
  }
}

/** Special and module arguments that every body may use. Source: nixpkgs, lib/modules.nix: absent ones hurt only when used. */
const moduleArguments = ["config", "lib", "pkgs", "inputs"];

function printDefinition(definition: EntryDefinition, body: EvaluatedBody, root: string, file: string): string {
  const text = printNix(moduleAttributes(definition, body), {
    root,
    folder: dirname(join(root, file)),
    modules: "inputs.self.modules",
    at: formatLocation(definition.definedAt),
  });
  const names = /\bosConfig\b/.test(text) ? [...moduleArguments, "osConfig"] : moduleArguments;
  return `${printHeader(definition.file)}{ ${names.join(", ")}, ... }:\n${text}\n`;
}

/** `_file`: Nix then names the TypeScript file in its errors. */
function moduleAttributes({ file: _file }: EntryDefinition, body: EvaluatedBody): Readonly<Record<string, unknown>> {
  switch (body.kind) {
    case "attributes":
      return { _file, ...body.attributes };
    case "config":
      return { _file, config: body.value };
    case "module":
      return { _file, imports: [body.value] };
    case "file":
      return { _file, imports: [body.file] };
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => compareText(a, b));
}
