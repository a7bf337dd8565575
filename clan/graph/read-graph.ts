import type { Report } from "../../report.ts";
import type { Fleet } from "../read-fleet.ts";
import { adoptedWiring } from "./adopted-wiring.ts";
import { authoredWiring } from "./authored-wiring.ts";
import { buildGraph } from "./build-graph.ts";
import type { FleetGraph } from "./fleet-graph.ts";

/** The graph of a fleet that was read. Builds nothing, connects to no host. */
export async function readGraph(fleet: Fleet, report: Report, signal: AbortSignal): Promise<FleetGraph> {
  const wiring =
    fleet.kind === "authored" ? await authoredWiring(fleet, signal) : await adoptedWiring(fleet, report, signal);
  return buildGraph(fleet.model, wiring);
}
