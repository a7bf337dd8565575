import { FleetError } from "../../errors.ts";

/** What is to be added contradicts what the fleet says already, or names what it does not have. */
export class AuthoringError extends FleetError {
  readonly code = "FLEET_AUTHORING";
}
