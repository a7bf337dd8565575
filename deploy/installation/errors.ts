import { FleetError } from "../../errors.ts";

/** The machine is not one that may be wiped, or not one that can be installed. Nothing was touched. */
export class InstallationRefusedError extends FleetError {
  readonly code = "FLEET_INSTALL_REFUSED";
}

/** A phase of the installation did not lead where it should. The next run goes on from where the machine stands. */
export class InstallationFailedError extends FleetError {
  readonly code = "FLEET_INSTALL_FAILED";
}

/** The `nixos-anywhere` command is not there. */
export class NixosAnywhereMissingError extends FleetError {
  readonly code = "FLEET_NIXOS_ANYWHERE";
}
