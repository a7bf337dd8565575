import { FleetError } from "../../errors.ts";

/** The simulation cannot do what was asked: a missing tool, a host that does not come up, a state that is not ours. */
export class SimulationError extends FleetError {
  readonly code = "FLEET_SIMULATION";
}

/** The host's container ended while it was waited for. */
export class HostDiedError extends SimulationError {}

/** A command of the simulation ended with an error or did not end in time. */
export class CommandError extends FleetError {
  readonly code = "FLEET_SIMULATION_COMMAND";
}
