import { FleetError } from "../../errors.ts";

/** A name that nothing in the fleet's graph has, or several things have. */
export class GraphSubjectError extends FleetError {
  readonly code = "FLEET_GRAPH_SUBJECT";
}

/** A fleet's graph that has too many things for one drawing. */
export class GraphSizeError extends FleetError {
  readonly code = "FLEET_GRAPH_SIZE";
}
