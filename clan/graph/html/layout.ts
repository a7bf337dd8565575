import { Graph, layout } from "@dagrejs/dagre";
import { z } from "zod";
import { GraphSizeError } from "../errors.ts";
import type { FleetGraph, NodeKind } from "../fleet-graph.ts";
import { drawnGraph, edgeLabel } from "../render-graph.ts";

/** A thing with its place; x and y are its centre, in pixels. */
export interface PlacedNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What `from` needs of `to`, with the points through which it is drawn. */
export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** One for each reason. */
  readonly labels: readonly string[];
  /** Machines for which it holds; absent: all. */
  readonly on?: readonly string[];
  readonly points: readonly (readonly [number, number])[];
}

export interface PlacedGraph {
  readonly fleet: string;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** A layout takes seconds at this size, and minutes at its double; nobody sees anything in it either. */
const mostNodes = 1500;
const mostEdges = 5000;
const characterWidth = 7.3;
const rowHeight = 22;
const padding = 18;

// dagre 3.1.3 has types that Node's module resolution does not find: what it answers is looked at instead.
const sizeSchema = z.object({ width: z.number(), height: z.number() });
const placedSchema = sizeSchema.extend({ x: z.number(), y: z.number() });
const bentSchema = z.object({ points: z.array(z.object({ x: z.number(), y: z.number() })) });

/** Places machines left and files right, so that lines cross little. @throws {GraphSizeError} too many to draw. */
export function layoutGraph(graph: FleetGraph): PlacedGraph {
  const { fleet, nodes, edges } = drawnGraph(graph);
  if (nodes.length > mostNodes || edges.length > mostEdges) throw tooLarge(nodes.length, edges.length);
  const drawing = new Graph({});
  drawing.setGraph({ rankdir: "LR", nodesep: 8, ranksep: 70, marginx: 20, marginy: 20 });
  for (const { id, name } of nodes)
    drawing.setNode(id, { width: padding + [...name].length * characterWidth, height: rowHeight });
  const joined = joinedEdges(edges);
  for (const { from, to } of joined) drawing.setEdge(from, to, {});
  layout(drawing);
  const { width, height } = sizeSchema.parse(drawing.graph());
  return {
    fleet,
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes.map(({ id, kind, name }) => {
      const { x, y, width: own, height: tall } = placedSchema.parse(drawing.node(id));
      return { id, kind, name, x: round(x), y: round(y), width: round(own), height: tall };
    }),
    edges: joined.map((edge) => {
      const { points } = bentSchema.parse(drawing.edge(edge.from, edge.to));
      return { ...edge, points: points.map(({ x, y }) => [round(x), round(y)] as const) };
    }),
  };
}

/** Two things are joined by one line, whatever the number of reasons. */
function joinedEdges(edges: FleetGraph["edges"]): readonly Omit<PlacedEdge, "points">[] {
  const joined = new Map<string, { from: string; to: string; labels: string[]; on: Set<string> | undefined }>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.from, edge.to]);
    const known = joined.get(key);
    const on = edge.on === undefined ? undefined : new Set(edge.on);
    if (known === undefined) {
      joined.set(key, { from: edge.from, to: edge.to, labels: [edgeLabel(edge)], on });
      continue;
    }
    known.labels.push(edgeLabel(edge));
    known.on = known.on === undefined || on === undefined ? undefined : known.on.union(on);
  }
  return [...joined.values()].map(({ on, ...edge }) => (on === undefined ? edge : { ...edge, on: [...on] }));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function tooLarge(nodes: number, edges: number): GraphSizeError {
  return new GraphSizeError({
    summary: `the graph is too large to be drawn: ${nodes} things, ${edges} lines`,
    expected: `at most ${mostNodes} things and ${mostEdges} lines`,
    found: `${nodes} and ${edges}`,
    at: "fleet graph --format html",
    fix: "draw one machine: fleet graph --machine <machine> --format html; or take json, for programs",
  });
}
