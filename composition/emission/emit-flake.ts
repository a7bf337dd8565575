import { join } from "node:path";
import { nix } from "../body/nix-template.ts";
import type { PlainObject } from "../body/plain-object.ts";
import { TreePath } from "../body/tree-path.ts";
import { type FleetInput, ImportTree } from "../define-fleet.ts";
import type { FlakeEvaluation } from "../evaluate-flake.ts";
import { printNix } from "../nix-text/print-nix.ts";
import { MissingInputError } from "./errors.ts";
import { flakePlace, printHeader } from "./generated-file.ts";

/** Modules and settings that another room adds to `nix/fleet.nix`. */
export interface FleetAdditions {
  /** Flake inputs that the additions use. */
  readonly inputs: readonly string[];
  /** Flake modules of inputs, as symbols: `inputs.clan-core.flakeModules.default`. */
  readonly flakeModules: readonly unknown[];
  /** Emitted modules beside `nix/fleet.nix`, e.g. `registry.nix`. */
  readonly files: readonly string[];
  /** Further definitions of `nix/fleet.nix`. */
  readonly attributes: PlainObject;
}

/** The file from which most of this is made. */
const source = "fleet.ts";

/**
 * `flake.nix`, an ordinary flake: literal inputs, because Nix reads them without evaluating, and flake-parts with the
 * tree's own `.nix` modules beside the emitted ones.
 * @throws {MissingInputError}
 */
export function emitFlake({ root, definition }: FlakeEvaluation): string {
  requireInput(definition.inputs, "flake-parts", "the flake is made by flake-parts");
  const trees = definition.imports.filter((item) => item instanceof ImportTree);
  if (trees.length > 0) requireInput(definition.inputs, "import-tree", "it finds the .nix modules of the tree");
  const imports = trees.map(({ dir }) => nix`inputs.import-tree ${new TreePath(join(root, dir), undefined)}`);
  const modules = [...imports, new TreePath(join(root, "nix/fleet.nix"), undefined)];
  const attributes = {
    ...(definition.description === undefined ? {} : { description: definition.description }),
    ...(definition.nixConfig === undefined ? {} : { nixConfig: definition.nixConfig }),
    inputs: Object.fromEntries(
      Object.entries(definition.inputs).map(([name, input]) => [name, inputAttributes(input)]),
    ),
    outputs: nix`
      inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
        imports = ${modules};
      }
    `,
  };
  return `${printHeader(source)}${printNix(attributes, flakePlace(root, "flake.nix", source))}\n`;
}

/** `nix/fleet.nix`: the emitted modules and the flake modules of the inputs that they need. */
export function emitFleetModule({ root, definition }: FlakeEvaluation, additions: FleetAdditions): string {
  for (const input of additions.inputs) requireInput(definition.inputs, input, "the emitted modules use it");
  const file = "nix/fleet.nix";
  const beside = ["entries.nix", "overlays.nix", ...additions.files].map(
    (name) => new TreePath(join(root, "nix", name), undefined),
  );
  const attributes = {
    imports: [nix`inputs.flake-parts.flakeModules.modules`, ...additions.flakeModules, ...beside],
    systems: definition.systems,
    ...additions.attributes,
  };
  return `${printHeader(source)}{ inputs, ... }:\n${printNix(attributes, flakePlace(root, file, source))}\n`;
}

function inputAttributes({ url, follows = {}, flake }: FleetInput): Readonly<Record<string, unknown>> {
  const followed = Object.entries(follows).map(([name, ours]) => [name, { follows: ours }] as const);
  return {
    url,
    ...(flake === undefined || flake ? {} : { flake }),
    ...(followed.length === 0 ? {} : { inputs: Object.fromEntries(followed) }),
  };
}

/** @throws {MissingInputError} */
export function requireInput(inputs: Readonly<Record<string, FleetInput>>, name: string, why: string): void {
  if (Object.hasOwn(inputs, name)) return;
  throw new MissingInputError({
    summary: `fleet.ts: the input "${name}" is missing: ${why}`,
    expected: `inputs: { "${name}": { url: … } }`,
    found: `the inputs ${Object.keys(inputs).join(", ")}`,
    at: source,
    fix: `declare "${name}" among the inputs of fleet.ts`,
  });
}
