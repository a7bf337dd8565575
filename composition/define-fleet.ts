import type { FlakeModuleInput } from "./flake-module.ts";

/** A flake input, as flake.nix states it. */
export interface FleetInput {
  /** e.g. `github:NixOS/nixpkgs/nixos-unstable`. */
  readonly url: string;
  /** Inputs of the input that are ours: `{ nixpkgs: "nixpkgs" }` is `inputs.nixpkgs.follows = "nixpkgs"`. */
  readonly follows?: Readonly<Record<string, string>>;
  /** False: sources without a flake.nix. Default: true. */
  readonly flake?: boolean;
}

/** Every flake module below a folder; made by {@link importTree}. */
export class ImportTree {
  /** Relative to the fleet's root. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }
}

/** The fleet's root, the twin of a minimal flake.nix. */
export interface FleetDefinition {
  readonly name: string;
  readonly description?: string;
  readonly inputs: Readonly<Record<string, FleetInput>>;
  /** e.g. `x86_64-linux`. */
  readonly systems: readonly string[];
  readonly imports: readonly (ImportTree | FlakeModuleInput)[];
  /** Who makes machines of the registry: clan-core, or plain `nixosConfigurations` and `darwinConfigurations`. Default: clan. */
  readonly registry?: "clan" | "plain";
  /** `nixConfig` of flake.nix, e.g. extra substituters. Nix asks before it obeys. */
  readonly nixConfig?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Imports every flake module below `dir`. @param dir - relative to the fleet's root. */
export function importTree(dir: string): ImportTree {
  return new ImportTree(dir);
}

/** The default export of fleet.ts. */
export function defineFleet(fleet: FleetDefinition): FleetDefinition {
  return fleet;
}
