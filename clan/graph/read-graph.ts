import type { Report } from "../../report.ts";
import type { Fleet } from "../read-fleet.ts";
import { adoptedWiring } from "./adopted-wiring.ts";
import { authoredWiring } from "./authored-wiring.ts";
import { buildGraph } from "./build-graph.ts";
import type { FleetGraph } from "./fleet-graph.ts";

/**
 * The graph of a fleet that was read. Builds nothing, connects to no host.
 * @param packages - whether an evaluation tells which packages overlays change. Default: yes.
 */
export async function readGraph(
  fleet: Fleet,
  report: Report,
  signal: AbortSignal,
  packages: "named" | "unnamed" = "named",
): Promise<FleetGraph> {
  const wiring =
    fleet.kind === "authored"
      ? await authoredWiring(fleet, signal, packages)
      : await adoptedWiring(fleet, report, signal, packages);
  return buildGraph(fleet.model, wiring);
}
