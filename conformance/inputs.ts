import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { FleetError } from "../errors.ts";

/** The caller's checkouts lack what is to be compared with. */
export class ConformanceInputsError extends FleetError {
  readonly code = "FLEET_CONFORMANCE_INPUTS";
}

/** Checkouts of the real thing, as the caller has them. */
export interface ConformanceInputs {
  /** nixpkgs' `lib` folder. */
  readonly lib: string;
  /** What the emitted flake is read with; absent: not all of them are there. */
  readonly flake?: FlakeCheckouts;
}

export interface FlakeCheckouts {
  readonly lib: string;
  readonly flakeParts: string;
  readonly importTree: string;
  readonly clanCore: string;
}

/** @throws {ConformanceInputsError} */
export function findInputs(folder: string): ConformanceInputs {
  const places = ["nixpkgs/lib", "nixpkgs-lib/lib"].map((place) => resolve(folder, place));
  const lib = places.find((place) => existsSync(join(place, "modules.nix")));
  if (lib === undefined) throw noNixpkgs(folder);
  const [flakeParts, importTree, clanCore] = ["flake-parts", "import-tree", "clan-core"].map((name) => {
    const path = resolve(folder, name);
    return existsSync(join(path, "flake.nix")) ? path : undefined;
  });
  if (flakeParts === undefined || importTree === undefined || clanCore === undefined) return { lib };
  return { lib, flake: { lib, flakeParts, importTree, clanCore } };
}

function noNixpkgs(folder: string): ConformanceInputsError {
  return new ConformanceInputsError({
    summary: `${folder}: there is no nixpkgs to compare with`,
    expected: "modules.nix in one of the folders nixpkgs/lib and nixpkgs-lib/lib",
    found: "neither",
    at: resolve(folder),
    fix: "check out NixOS/nixpkgs as nixpkgs/, or nix-community/nixpkgs.lib as nixpkgs-lib/",
  });
}
