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
}

/** @throws {ConformanceInputsError} */
export async function findInputs(folder: string): Promise<ConformanceInputs> {
  const places = ["nixpkgs/lib", "nixpkgs-lib/lib"].map((place) => resolve(folder, place));
  const lib = places.find((place) => existsSync(join(place, "modules.nix")));
  if (lib !== undefined) return { lib };
  throw new ConformanceInputsError({
    summary: `${folder}: there is no nixpkgs to compare with`,
    expected: "modules.nix in one of the folders nixpkgs/lib and nixpkgs-lib/lib",
    found: "neither",
    at: resolve(folder),
    fix: "check out NixOS/nixpkgs as nixpkgs/, or nix-community/nixpkgs.lib as nixpkgs-lib/",
  });
}
