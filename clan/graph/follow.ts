import { compareText } from "../../composition/nearest.ts";
import { type FleetGraph, type GraphEdge, type GraphNode, nodeId, nodeOf } from "./fleet-graph.ts";

/** One way from a machine to something that it gets: the edges in their order. */
export type Chain = readonly GraphEdge[];

interface Step {
  readonly edge: GraphEdge;
  readonly on: ReadonlySet<string> | undefined;
}

/** Follows a fleet's graph from machines to what they get. */
export class GraphWalk {
  readonly #graph: FleetGraph;
  readonly #steps = new Map<string, Step[]>();

  constructor(graph: FleetGraph) {
    this.#graph = graph;
    for (const edge of graph.edges) {
      const step = { edge, on: edge.on === undefined ? undefined : new Set(edge.on) };
      const known = this.#steps.get(edge.from);
      if (known === undefined) this.#steps.set(edge.from, [step]);
      else known.push(step);
    }
  }

  /** Everything that the machine gets, as id → the edge by which it is reached first. Breadth first: the ways are shortest. */
  reach(machine: string, without?: string): ReadonlyMap<string, GraphEdge> {
    const start = nodeId("machine", machine);
    const found = new Map<string, GraphEdge>();
    let waiting = [start];
    while (waiting.length > 0) {
      const next: string[] = [];
      for (const edge of waiting.flatMap((id) => this.#from(id, machine))) {
        if (edge.to === start || found.has(edge.to)) continue;
        found.set(edge.to, edge);
        if (edge.to !== without) next.push(edge.to);
      }
      waiting = next;
    }
    return found;
  }

  /**
   * The ways by which a machine gets something: for each thing that brings it the shortest, short ones first.
   * Empty: it does not get it.
   */
  chains(machine: string, target: string): readonly Chain[] {
    // No way to what brings it may lead through the thing itself.
    const reached = this.reach(machine, target);
    const start = nodeId("machine", machine);
    const last = this.#graph.edges.filter(
      ({ from, to, on }) =>
        to === target && (from === start || reached.has(from)) && from !== target && (on?.includes(machine) ?? true),
    );
    return last
      .map((edge) => [...chainTo(edge.from, reached), edge])
      .sort((a, b) => a.length - b.length || compareText(a.at(-1)?.from ?? "", b.at(-1)?.from ?? ""));
  }

  /** Machines that get it, each with the shortest way, in the names' order. */
  impact(target: string): ReadonlyMap<string, Chain> {
    const hit = new Map<string, Chain>();
    for (const { kind, id, name } of this.#graph.nodes) {
      if (kind !== "machine") continue;
      const reached = this.reach(name);
      if (id === target) hit.set(name, []);
      else if (reached.has(target)) hit.set(name, chainTo(target, reached));
    }
    return hit;
  }

  #from(id: string, machine: string): readonly GraphEdge[] {
    return (this.#steps.get(id) ?? []).filter(({ on }) => on?.has(machine) ?? true).map(({ edge }) => edge);
  }
}

function chainTo(target: string, reached: ReadonlyMap<string, GraphEdge>): Chain {
  const chain: GraphEdge[] = [];
  for (let edge = reached.get(target); edge !== undefined; edge = reached.get(edge.from)) chain.unshift(edge);
  return chain;
}

/** The part of a graph that concerns one machine. */
export function onlyMachine(graph: FleetGraph, machine: string): FleetGraph {
  const own = new Set([nodeId("machine", machine), ...new GraphWalk(graph).reach(machine).keys()]);
  const edges = graph.edges.filter(
    ({ from, to, on }) => own.has(from) && own.has(to) && (on?.includes(machine) ?? true),
  );
  const overlaysNotRead = graph.overlaysNotRead.filter((name) => own.has(nodeId("overlay", name)));
  return { ...graph, nodes: graph.nodes.filter(({ id }) => own.has(id)), edges, overlaysNotRead };
}

/** The nodes of a chain, the machine first. */
export function nodesOfChain(chain: Chain): readonly GraphNode[] {
  const [first] = chain;
  return first === undefined ? [] : [first.from, ...chain.map(({ to }) => to)].map(nodeOf);
}
