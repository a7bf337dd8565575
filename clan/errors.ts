import { FleetError } from "../errors.ts";

/** The folder has no fleet.ts, or its default export is no fleet. */
export class FleetFileError extends FleetError {
  readonly code = "FLEET_FILE";
}

/** A machine's name cannot be a host name. */
export class MachineNameError extends FleetError {
  readonly code = "FLEET_MACHINE_NAME";
}

/** In the inventory, but the registry does not say what builds it: clan would make a system without a body. */
export class MachineNotRegisteredError extends FleetError {
  readonly code = "FLEET_MACHINE_NOT_REGISTERED";
}

/** Registered, but not in the inventory: clan would give it no tags of its own and no target host. */
export class MachineNotInInventoryError extends FleetError {
  readonly code = "FLEET_MACHINE_NOT_IN_INVENTORY";
}

/** A registry entry that builds nothing, or not for a platform that is stated. */
export class RegistryEntryError extends FleetError {
  readonly code = "FLEET_REGISTRY_ENTRY";
}

/** A machine's class, its platform and the entries that it imports contradict each other. */
export class MachineClassError extends FleetError {
  readonly code = "FLEET_MACHINE_CLASS";
}

/** A role, a tag or a node is given to a machine that does not exist. */
export class UnknownMachineError extends FleetError {
  readonly code = "FLEET_UNKNOWN_MACHINE";
}

/** An instance's `module` names no service. */
export class ServiceModuleError extends FleetError {
  readonly code = "FLEET_SERVICE_MODULE";
}

/** A target host that cannot be dialled, or that two machines share. */
export class TargetHostError extends FleetError {
  readonly code = "FLEET_TARGET_HOST";
}

/** A node that no cloud could make. */
export class NodeError extends FleetError {
  readonly code = "FLEET_NODE";
}

/** A machine of an adopted flake whose configuration does not evaluate, so that nobody knows what it is. */
export class MachineNotEvaluatedError extends FleetError {
  readonly code = "FLEET_MACHINE_NOT_EVALUATED";
}
