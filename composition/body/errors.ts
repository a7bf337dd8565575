import { FleetError } from "../../errors.ts";

/** A symbolic value was used as a JavaScript value: tested, compared, converted, iterated, assigned. */
export class NixSymbolMisuseError extends FleetError {
  readonly code = "FLEET_NIX_SYMBOL_MISUSE";
}

/** A path given to `file` or `nixFile` that names nothing, or something outside the fleet. */
export class TreePathError extends FleetError {
  readonly code = "FLEET_TREE_PATH";
}

/** An entry imported by a body of another class. */
export class ClassMismatchError extends FleetError {
  readonly code = "FLEET_CLASS_MISMATCH";
}

/** A body that threw while it was called. */
export class BodyFailedError extends FleetError {
  readonly code = "FLEET_BODY_FAILED";
}

/** Something that is no body, or a body that is no module. */
export class BodyShapeError extends FleetError {
  readonly code = "FLEET_BODY_SHAPE";
}
