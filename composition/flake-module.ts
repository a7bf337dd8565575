import { authorCallSite, type CallSite } from "./body/call-site.ts";
import type { NixText } from "./body/nix-template.ts";
import type { BodyArguments, NixSymbol } from "./body/symbol.ts";
import type { NixFile } from "./body/tree-path.ts";
import type { EntryReference } from "./entry-reference.ts";
import type { EntryNamespaceOf } from "./fleet-names.ts";
import type { FlakeLib } from "./lib/flake-lib.ts";
import type { Property } from "./lib/property.ts";

/**
 * A module of the machine's level: what an entry of `flake.modules` is made of. Nix evaluates it, we only print it.
 * A symbol, e.g. a module of an input, passes as a function: were it listed as well, TypeScript would give the arguments
 * of an author's function no type.
 */
export type ModuleBody =
  | ((args: BodyArguments) => unknown)
  | NixFile
  | NixText
  | EntryReference
  | Property
  | Readonly<Record<string, unknown>>;

/** Entries of one class, as `config.flake.modules.<class>` shows them: references by name. */
export interface EntryNamespace {
  readonly [entry: string]: EntryReference;
}

/**
 * References to every entry, by class. Naming one that no file defines is an error at that line; with a `fleet.d.ts` the editor
 * proposes those that are there.
 */
export interface EntryNamespaces {
  readonly nixos: EntryNamespaceOf<"nixos">;
  readonly darwin: EntryNamespaceOf<"darwin">;
  readonly homeManager: EntryNamespaceOf<"homeManager">;
  readonly generic: EntryNamespaceOf<"generic">;
  /** The same as `generic`. */
  readonly common: EntryNamespaceOf<"generic">;
  readonly [className: string]: EntryNamespace;
}

/** `config.flake`. Extended like {@link FlakeConfig}. */
export interface FlakeOutputsConfig {
  readonly modules: EntryNamespaces;
  readonly [option: string]: unknown;
}

/**
 * The flake's configuration, not a machine's. Modules that declare options may extend this interface by declaration
 * merging, so that reading them is typed.
 */
export interface FlakeConfig {
  readonly flake: FlakeOutputsConfig;
  readonly [option: string]: unknown;
}

/** What a flake module's function is given. */
export interface FlakeModuleArgs {
  readonly config: FlakeConfig;
  /** The flake's inputs, symbolic: paths on them are printed as Nix. */
  readonly inputs: NixSymbol;
  readonly lib: FlakeLib;
}

/** Definitions of `flake.…`. */
export interface FlakeOutputs {
  /** Class → entry → module. Definitions of one entry in several files are concatenated. */
  readonly modules?: Readonly<Record<string, Readonly<Record<string, ModuleBody>> | Property>> | Property;
  /** Overlays, in the order of the files that add them. */
  readonly nixpkgsOverlays?: readonly ModuleBody[] | Property;
  readonly [option: string]: unknown;
}

/** What a flake module says: other modules, declarations, definitions. Definitions may stand at the top or in `config`. */
export interface FlakeModuleData {
  readonly imports?: readonly FlakeModuleInput[];
  /** Declarations, by lib.mkOption. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly config?: unknown;
  readonly flake?: FlakeOutputs | Property;
  readonly [option: string]: unknown;
}

export type FlakeModuleFunction = (args: FlakeModuleArgs) => FlakeModuleData;

/** A module of the flake's level; made by {@link flakeModule}. */
export class FlakeModule {
  readonly module: FlakeModuleFunction | FlakeModuleData;
  /** Where flakeModule() was called: the module's file, for modules that are not discovered. */
  readonly definedAt: CallSite | undefined;

  constructor(module: FlakeModuleFunction | FlakeModuleData, definedAt: CallSite | undefined) {
    this.module = module;
    this.definedAt = definedAt;
  }
}

/** What may stand in `imports`. */
export type FlakeModuleInput = FlakeModule | FlakeModuleFunction | FlakeModuleData;

/** A flake module: the default export of a file below `modules/`. */
export function flakeModule(module: FlakeModuleFunction | FlakeModuleData): FlakeModule {
  return new FlakeModule(module, authorCallSite());
}
