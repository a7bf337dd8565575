import { FleetError } from "../../errors.ts";

/** The emitted flake would use an input that fleet.ts does not declare. */
export class MissingInputError extends FleetError {
  readonly code = "FLEET_MISSING_INPUT";
}

/** A member of `flake.nixpkgsOverlays` that is no overlay. */
export class OverlayShapeError extends FleetError {
  readonly code = "FLEET_OVERLAY_SHAPE";
}
