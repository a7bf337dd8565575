import { FleetError } from "../errors.ts";
import { NixError } from "./nix-error.ts";

/** No `nix` on PATH. */
export class NixMissingError extends FleetError {
  readonly code = "FLEET_NIX_MISSING";
}

/** A `nix` older than this project can use. */
export class NixTooOldError extends FleetError {
  readonly code = "FLEET_NIX_TOO_OLD";
}

/** A Nix command did not end within its deadline, or answered more than it may. */
export class NixLimitError extends FleetError {
  readonly code = "FLEET_NIX_LIMIT";
}

/** The configuration of one machine does not evaluate. */
export class NixEvaluationError extends NixError {
  override readonly code = "FLEET_NIX_EVALUATION";
}

/** A derivation of one machine does not build. */
export class NixBuildError extends NixError {
  override readonly code = "FLEET_NIX_BUILD";
}

/** The source tree cannot be listed, copied or kept still while it is copied. */
export class SourceTreeError extends FleetError {
  readonly code = "FLEET_SOURCE_TREE";
}

/** The tree of this update is not the one whose preview was approved. */
export class TreeChangedError extends FleetError {
  readonly code = "FLEET_TREE_CHANGED";
}

/** `flake.lock` is missing, does not fit the inputs, or cannot be made here. */
export class FlakeLockError extends FleetError {
  readonly code = "FLEET_FLAKE_LOCK";
}
