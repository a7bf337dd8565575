import { FleetError } from "../../errors.ts";

/** A secret source gives what cannot be brought to a host; nothing was sent. */
export class SecretsError extends FleetError {
  readonly code = "FLEET_SECRETS";
}
