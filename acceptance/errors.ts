import { FleetError } from "../errors.ts";

/** The host is not one to be tried on: nothing on it was changed. */
export class HostNotFitError extends FleetError {
  readonly code = "FLEET_ACCEPTANCE_HOST";
}

/** A variant of the host's system could not be built on the host. */
export class VariantError extends FleetError {
  readonly code = "FLEET_ACCEPTANCE_VARIANT";
}

/** The host is not as it was found; the message says how to put it back by hand. */
export class RestoreError extends FleetError {
  readonly code = "FLEET_ACCEPTANCE_RESTORE";
}
