import type { FleetModel } from "../../../../clan/fleet-model.ts";
import type { FleetGraph } from "../../../../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../../../../clan/graph/follow.ts";

/** Machine → entries, as the graph has them. */
export function reachedEntries(graph: FleetGraph): ReadonlyMap<string, readonly string[]> {
  const walk = new GraphWalk(graph);
  const machines = graph.nodes.filter(({ kind }) => kind === "machine");
  return new Map(
    machines.map(({ name }) => {
      const entries = [...walk.reach(name).keys()].filter((id) => id.startsWith("entry:"));
      return [name, entries.map((id) => id.slice("entry:".length)).sort()] as const;
    }),
  );
}

/** Machine → entries, as the model has them. */
export function statedReach({ machines, namespaces }: FleetModel): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.keys(machines)
      .sort()
      .map((machine) => {
        const entries = Object.entries(namespaces).flatMap(([className, named]) =>
          Object.entries(named).flatMap(([entry, { importedBy }]) =>
            importedBy.includes(machine) ? [`${className}/${entry}`] : [],
          ),
        );
        return [machine, entries.sort()] as const;
      }),
  );
}
