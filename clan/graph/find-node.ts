import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { didYouMean } from "../../composition/nearest.ts";
import { GraphSubjectError } from "./errors.ts";
import { type FleetGraph, type GraphNode, type NodeKind, nodeId, nodeKinds } from "./fleet-graph.ts";

/** Where paths of a command line are looked for. */
export interface Places {
  /** Folder of the fleet, absolute; null: it is not a folder of this machine. */
  readonly root: string | null;
  /** Folder in which the command runs. */
  readonly current: string;
}

/**
 * The thing that somebody names: `<kind>:<name>`, or the name alone. An entry may be named without its class, a role
 * without its instance, a service without its input, and a file from the folder in which the command runs. A file that is
 * in the tree without being wired stands for itself.
 * @param isMeant - decides between several things of one name, where it holds for one of them alone.
 * @throws {GraphSubjectError} nothing is called so, or several things.
 */
export function findNode(
  graph: FleetGraph,
  text: string,
  kinds: readonly NodeKind[],
  places: Places,
  isMeant: (node: GraphNode) => boolean = () => false,
): GraphNode {
  const colon = text.indexOf(":");
  const asked = nodeKinds.find((kind) => kind === text.slice(0, colon));
  const name = asked === undefined ? text : text.slice(colon + 1);
  const among = asked === undefined ? kinds : [asked];
  const nodes = graph.nodes.filter(({ kind }) => among.includes(kind));
  const exact = nodes.filter((node) => node.name === name || node.name === `${name}/`);
  const found = exact.length > 0 ? exact : nodes.filter((node) => shortName(node) === name);
  const [first, ...others] = found;
  const meant = pairs.find(([one, other]) => sameKinds(found, [one, other]))?.[0];
  const preferred = found.find(({ kind }) => kind === meant);
  if (preferred !== undefined) return preferred;
  if (first !== undefined && others.length === 0) return first;
  const [likely, ...more] = found.filter(isMeant);
  if (likely !== undefined && more.length === 0) return likely;
  if (first !== undefined) throw ambiguous(text, found);
  const file = among.includes("file") ? findFile(graph, name, places) : undefined;
  if (file !== undefined) return file;
  throw unknown(text, name, nodes, asked);
}

/** Of two things of one name, what people mean by it: a service's name is its instance's, an overlay's that of its file. */
const pairs: readonly (readonly [NodeKind, NodeKind])[] = [
  ["instance", "service"],
  ["file", "overlay"],
];

function sameKinds(nodes: readonly GraphNode[], kinds: readonly NodeKind[]): boolean {
  return nodes.length === kinds.length && kinds.every((one) => nodes.some(({ kind }) => kind === one));
}

/** What is left of a name when what it is a part of goes without saying. */
function shortName({ kind, name }: GraphNode): string | undefined {
  if (kind === "entry" || kind === "service") return name.slice(name.indexOf("/") + 1);
  return kind === "role" ? name.slice(name.lastIndexOf("/") + 1) : undefined;
}

function findFile(graph: FleetGraph, name: string, { root, current }: Places): GraphNode | undefined {
  const files = new Map(graph.nodes.flatMap((node) => (node.kind === "file" ? [[node.name, node] as const] : [])));
  const candidates = [
    ...(root === null ? [] : [relative(root, resolve(current, name)), relative(root, resolve(root, name))]),
    name.replace(/^\.\//, ""),
  ].filter((path) => path !== "" && !path.startsWith("..") && !isAbsolute(path));
  for (const path of candidates) {
    const parts = path.split("/");
    const folders = parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`).reverse();
    const found = [path, ...folders].flatMap((one) => files.get(one) ?? [])[0];
    if (found !== undefined) return found;
  }
  const there = root === null ? undefined : candidates.find((path) => existsSync(resolve(root, path)));
  return there === undefined ? undefined : { id: nodeId("file", there), kind: "file", name: there };
}

function ambiguous(text: string, found: readonly GraphNode[]): GraphSubjectError {
  return new GraphSubjectError({
    summary: `${text}: several things are called so`,
    expected: "one thing",
    found: found.map(({ id }) => id).join(", "),
    at: text,
    fix: `write ${found[0]?.id}`,
  });
}

function unknown(
  text: string,
  name: string,
  nodes: readonly GraphNode[],
  asked: NodeKind | undefined,
): GraphSubjectError {
  const names = nodes.flatMap((node) => [node.name, shortName(node) ?? node.name]);
  const near = didYouMean(name, new Set(names));
  return new GraphSubjectError({
    summary: `${text}: nothing in the fleet is called so`,
    expected: asked === undefined ? "a file, or a name of the fleet's graph" : `the name of a ${asked}`,
    found: JSON.stringify(name),
    at: text,
    fix: near ?? "fleet graph lists what there is; write <kind>:<name> to say what is meant",
  });
}
