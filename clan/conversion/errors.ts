import { FleetError } from "../../errors.ts";

/** An export that cannot be moved from Nix to TypeScript without a doubt that it says the same there. */
export class ConversionError extends FleetError {
  readonly code = "FLEET_CONVERSION";
}
