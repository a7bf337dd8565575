import type { FlakeEvaluation } from "../evaluate-flake.ts";
import { emitEntries } from "./emit-entries.ts";
import { emitFlake, emitFleetModule, type FleetAdditions } from "./emit-flake.ts";
import { emitOverlays } from "./emit-overlays.ts";
import type { EmittedFiles } from "./generated-file.ts";

const nothing: FleetAdditions = { inputs: [], flakeModules: [], files: [], attributes: {} };

/**
 * The flake that the composition is: `flake.nix`, `nix/fleet.nix`, `nix/entries.nix` with one file per definition below
 * `nix/entries/`, `nix/overlays.nix`. Deterministic: the same tree gives the same bytes.
 * @param additions - what else `nix/fleet.nix` imports.
 */
export function emitComposition(evaluation: FlakeEvaluation, additions: FleetAdditions = nothing): EmittedFiles {
  return new Map([
    ["flake.nix", emitFlake(evaluation)],
    ["nix/fleet.nix", emitFleetModule(evaluation, additions)],
    ["nix/overlays.nix", emitOverlays(evaluation)],
    ...emitEntries(evaluation),
  ]);
}
