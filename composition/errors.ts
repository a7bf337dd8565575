import { FleetError } from "../errors.ts";

/** A file of the tree could not be loaded, or its default export is no flake module. */
export class ModuleLoadError extends FleetError {
  readonly code = "FLEET_MODULE_LOAD";
}

/** A flake module's function threw. */
export class ModuleFailedError extends FleetError {
  readonly code = "FLEET_MODULE_FAILED";
}

/** A flake module has the wrong shape. */
export class ModuleShapeError extends FleetError {
  readonly code = "FLEET_MODULE_SHAPE";
}

/** An option is defined or read that nobody declared. */
export class UnknownOptionError extends FleetError {
  readonly code = "FLEET_UNKNOWN_OPTION";
}

/** A value is not of its option's type. */
export class OptionTypeError extends FleetError {
  readonly code = "FLEET_OPTION_TYPE";
}

/** Two definitions of one option cannot both hold. */
export class OptionConflictError extends FleetError {
  readonly code = "FLEET_OPTION_CONFLICT";
}

/** Two declarations of one option cannot both hold. */
export class OptionDeclarationError extends FleetError {
  readonly code = "FLEET_OPTION_DECLARATION";
}

/** An option without a value was read. */
export class OptionUndefinedError extends FleetError {
  readonly code = "FLEET_OPTION_UNDEFINED";
}

/** A value depends on itself. */
export class OptionCycleError extends FleetError {
  readonly code = "FLEET_OPTION_CYCLE";
}

/** A reference names a class or an entry that no file defines. */
export class UnknownEntryError extends FleetError {
  readonly code = "FLEET_UNKNOWN_ENTRY";
}

/** A module asks for a flake input that fleet.ts does not declare. */
export class UnknownInputError extends FleetError {
  readonly code = "FLEET_UNKNOWN_INPUT";
}

/** The flake's `config`, or a reference from it, is used as a plain value. */
export class FlakeConfigMisuseError extends FleetError {
  readonly code = "FLEET_FLAKE_CONFIG_MISUSE";
}

/** fleet.ts states something that cannot be. */
export class FleetDefinitionError extends FleetError {
  readonly code = "FLEET_DEFINITION";
}
