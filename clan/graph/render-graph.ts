import type { FleetGraph, GraphEdge, NodeKind } from "./fleet-graph.ts";

/** What drawings show: that every machine is of the fleet, and which files that is written in, goes without saying. */
export function drawnGraph(graph: FleetGraph): FleetGraph {
  const edges = graph.edges.filter(({ kind, from }) => kind !== "member of" && !from.startsWith("fleet:"));
  const wired = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const nodes = graph.nodes.filter(({ id, kind }) => kind !== "fleet" && (kind !== "file" || wired.has(id)));
  return { ...graph, nodes, edges };
}

/** An edge in a word or two. */
export function edgeLabel({ kind, user }: GraphEdge): string {
  return user === undefined ? kind : `home of ${user}`;
}

const dotShapes: Readonly<Record<NodeKind, string>> = {
  machine: "box3d",
  tag: "cds",
  role: "hexagon",
  instance: "component",
  service: "tab",
  entry: "box",
  overlay: "parallelogram",
  package: "ellipse",
  file: "note",
  fleet: "house",
};

/** Graphviz. Source: graphviz.org, "DOT language". */
export function renderDot(graph: FleetGraph): string {
  const { nodes, edges, fleet } = drawnGraph(graph);
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    `digraph ${dotText(fleet)} {`,
    "  rankdir=LR;",
    ...nodes.map(({ id, kind, name }) => `  ${names.get(id)} [label=${dotText(name)}, shape=${dotShapes[kind]}];`),
    ...edges.map((edge) => `  ${names.get(edge.from)} -> ${names.get(edge.to)} [label=${dotText(edgeLabel(edge))}];`),
    "}",
  ].join("\n");
}

/** In a quoted text of DOT a backslash begins an escape of labels. */
function dotText(text: string): string {
  return `"${oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const mermaidShapes: Readonly<Record<NodeKind, readonly [string, string]>> = {
  machine: ["[[", "]]"],
  tag: [">", "]"],
  role: ["{{", "}}"],
  instance: ["([", "])"],
  service: ["[/", "/]"],
  entry: ["[", "]"],
  overlay: ["[\\", "\\]"],
  package: ["(", ")"],
  file: ["[", "]"],
  fleet: ["[", "]"],
};

/** A flowchart of Mermaid. Source: mermaid.js.org, "Flowcharts", entity codes. */
export function renderMermaid(graph: FleetGraph): string {
  const { nodes, edges } = drawnGraph(graph);
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    "flowchart LR",
    ...nodes.map(({ id, kind, name }) => {
      const [open, close] = mermaidShapes[kind];
      return `  ${names.get(id)}${open}"${mermaidText(name)}"${close}`;
    }),
    ...edges.map((edge) => `  ${names.get(edge.from)} -->|"${mermaidText(edgeLabel(edge))}"| ${names.get(edge.to)}`),
  ].join("\n");
}

/** Everything but letters, digits and what paths are made of becomes an entity code. */
function mermaidText(text: string): string {
  return oneLine(text).replaceAll(/[^\p{L}\p{N} ./_@:-]/gu, (character) => `#${character.codePointAt(0)};`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
