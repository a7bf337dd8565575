import { FleetError } from "../../errors.ts";

/** An encrypted file is not what its place says: no sops or age file, changed after it was encrypted, or cut. */
export class SecretFileError extends FleetError {
  readonly code = "FLEET_SECRET_FILE";
}

/** None of the operator's age keys opens a secret. */
export class SecretIdentityError extends FleetError {
  readonly code = "FLEET_SECRET_IDENTITY";
}

/** Vars that a machine needs were never generated, or no longer fit what is declared. */
export class VarsMissingError extends FleetError {
  readonly code = "FLEET_VARS_MISSING";
}
