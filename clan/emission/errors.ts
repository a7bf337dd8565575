import { FleetError } from "../../errors.ts";

/** A file that no emission wrote stands where one would be written. */
export class EmissionConflictError extends FleetError {
  readonly code = "FLEET_EMISSION_CONFLICT";
}
