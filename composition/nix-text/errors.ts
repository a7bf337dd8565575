import { FleetError } from "../../errors.ts";

/** A scalar that no Nix literal can hold; the printer turns it into a {@link NotNixDataError} with path and place. */
export class UnprintableError extends Error {
  readonly found: string;
  readonly expected: string;

  constructor(found: string, expected: string) {
    super(`${found}; expected ${expected}`);
    this.name = new.target.name;
    this.found = found;
    this.expected = expected;
  }
}

/** A value in a body or an option that has no form in Nix. */
export class NotNixDataError extends FleetError {
  readonly code = "FLEET_NOT_NIX_DATA";
}

/** A `nix` template whose text cannot be printed as it stands. */
export class NixTemplateError extends FleetError {
  readonly code = "FLEET_NIX_TEMPLATE";
}
