import { compareText } from "../../composition/nearest.ts";
import type { FleetModel } from "../fleet-model.ts";
import { type FleetGraph, type GraphEdge, type GraphNode, nodeId, nodeKinds, nodeOf } from "./fleet-graph.ts";
import type { OverlayWiring, Wiring } from "./wiring.ts";

/** The graph of a fleet: nodes by kind and name, each edge once. */
export function buildGraph(model: FleetModel, wiring: Wiring): FleetGraph {
  const edges = uniqueEdges([
    ...machineEdges(model),
    ...serviceEdges(model),
    ...entryEdges(model),
    ...wiring.overlays.flatMap(overlayEdges),
    ...wiring.links,
    ...fleetEdges(model, wiring),
  ]);
  return {
    schema: 1,
    fleet: model.name,
    nodes: nodesOf([...statedIds(model, wiring), ...edges.flatMap(({ from, to }) => [from, to])]),
    edges,
    overlaysNotRead: wiring.overlays.filter(({ packages }) => packages === null).map(({ name }) => name),
  };
}

function machineEdges({ machines, tags, vars }: FleetModel): GraphEdge[] {
  const carried = Object.entries(tags).flatMap(([tag, carriers]) =>
    carriers.map((name) => ({ from: nodeId("machine", name), to: nodeId("tag", tag), kind: "carries" as const })),
  );
  const stated = Object.entries(machines).flatMap(([name, { imports, definedAt }]): GraphEdge[] => {
    const from = nodeId("machine", name);
    const varsFolder = `${vars.directory}/per-machine/${name}/`;
    return [
      ...imports.map((entry) => ({ from, to: nodeId("entry", entry), kind: "imports" as const })),
      { from, to: nodeId("file", definedAt.file), kind: "stated in" },
      ...(Object.hasOwn(vars.perMachine, name)
        ? [{ from, to: nodeId("file", varsFolder), kind: "stated in" as const }]
        : []),
    ];
  });
  return [...carried, ...stated];
}

function serviceEdges({ instances }: FleetModel): GraphEdge[] {
  return Object.entries(instances).flatMap(([name, { module, roles, definedAt }]): GraphEdge[] => {
    const instance = nodeId("instance", name);
    const ofRoles = Object.entries(roles).flatMap(([role, { machines, tags }]): GraphEdge[] => {
      const to = nodeId("role", `${name}/${role}`);
      return [
        { from: to, to: instance, kind: "part of" },
        ...machines.map((machine) => ({ from: nodeId("machine", machine), to, kind: "has role" as const })),
        ...tags.map((tag) => ({ from: nodeId("tag", tag), to, kind: "has role" as const })),
      ];
    });
    return [
      ...ofRoles,
      { from: instance, to: nodeId("service", `${module.input ?? "clan-core"}/${module.name}`), kind: "runs" },
      { from: instance, to: nodeId("file", definedAt.file), kind: "stated in" },
    ];
  });
}

function entryEdges({ namespaces }: FleetModel): GraphEdge[] {
  return Object.entries(namespaces).flatMap(([className, entries]) =>
    Object.entries(entries).flatMap(([entry, { files }]) =>
      files.map((file) => ({
        from: nodeId("entry", `${className}/${entry}`),
        to: nodeId("file", file),
        kind: "stated in" as const,
      })),
    ),
  );
}

function overlayEdges({ name, file, packages, written }: OverlayWiring): GraphEdge[] {
  const overlay = nodeId("overlay", name);
  return [
    ...(file === null ? [] : [{ from: overlay, to: nodeId("file", file), kind: "stated in" as const }]),
    ...(packages ?? []).map((one) => ({ from: overlay, to: nodeId("package", one), kind: "changes" as const })),
    ...[...written].map(([one, place]) => ({
      from: nodeId("package", one),
      to: nodeId("file", place),
      kind: "stated in" as const,
    })),
  ];
}

function fleetEdges({ name, machines, vars }: FleetModel, { everybodys }: Wiring): GraphEdge[] {
  const fleet = nodeId("fleet", name);
  const files = [...everybodys, ...(vars.shared.length > 0 ? [`${vars.directory}/shared/`] : [])];
  return [
    ...Object.keys(machines).map((machine) => ({
      from: nodeId("machine", machine),
      to: fleet,
      kind: "member of" as const,
    })),
    ...files.map((file) => ({ from: fleet, to: nodeId("file", file), kind: "stated in" as const })),
  ];
}

/** What is there even when nothing is wired to it. */
function statedIds({ machines, namespaces, instances, tags }: FleetModel, { overlays }: Wiring): string[] {
  return [
    ...Object.keys(machines).map((name) => nodeId("machine", name)),
    ...Object.entries(namespaces).flatMap(([className, entries]) =>
      Object.keys(entries).map((entry) => nodeId("entry", `${className}/${entry}`)),
    ),
    ...Object.keys(instances).map((name) => nodeId("instance", name)),
    ...Object.keys(tags).map((name) => nodeId("tag", name)),
    ...overlays.map(({ name }) => nodeId("overlay", name)),
  ];
}

function nodesOf(ids: readonly string[]): GraphNode[] {
  return [...new Set(ids)]
    .map(nodeOf)
    .sort((a, b) => nodeKinds.indexOf(a.kind) - nodeKinds.indexOf(b.kind) || compareText(a.name, b.name));
}

/** Each edge once; where one holds for all machines, it does not matter for which others it was stated. */
function uniqueEdges(edges: readonly GraphEdge[]): GraphEdge[] {
  const merged = new Map<string, GraphEdge>();
  for (const edge of edges) {
    if (edge.from === edge.to) continue;
    const key = JSON.stringify([edge.from, edge.to, edge.kind, edge.user]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? edge : withMachines(edge, joined(known.on, edge.on)));
  }
  return [...merged.values()].sort(
    (a, b) => compareText(a.from, b.from) || compareText(a.to, b.to) || compareText(a.kind, b.kind),
  );
}

function joined(a: readonly string[] | undefined, b: readonly string[] | undefined): string[] | undefined {
  return a === undefined || b === undefined ? undefined : [...new Set([...a, ...b])].sort();
}

function withMachines({ from, to, kind, user }: GraphEdge, on: string[] | undefined): GraphEdge {
  return { from, to, kind, ...(user === undefined ? {} : { user }), ...(on === undefined ? {} : { on }) };
}
