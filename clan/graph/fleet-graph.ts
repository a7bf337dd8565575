import { z } from "zod";

/** What a fleet is wired of, in the order in which drawings show it. */
export const nodeKinds = [
  "machine",
  "tag",
  "role",
  "instance",
  "service",
  "entry",
  "overlay",
  "package",
  "file",
  "fleet",
] as const;
export type NodeKind = (typeof nodeKinds)[number];

/** How one thing needs another: `from` is what it is because of `to`. */
export const edgeKinds = [
  /** machine → tag */
  "carries",
  /** machine → role, tag → role */
  "has role",
  /** role → instance */
  "part of",
  /** instance → service */
  "runs",
  /** machine, entry, instance, file → entry or file */
  "imports",
  /** machine, entry → entry, for a user's home */
  "home",
  /** entry, file → overlay */
  "applies",
  /** overlay → package */
  "changes",
  /** anything → file */
  "stated in",
  /** machine → fleet */
  "member of",
] as const;
export type EdgeKind = (typeof edgeKinds)[number];

const nodeSchema = z.strictObject({
  /** `<kind>:<name>`. */
  id: z.string(),
  kind: z.enum(nodeKinds),
  /** Entries are `<class>/<entry>`, roles `<instance>/<role>`; files are relative to the fleet's root, folders end in `/`. */
  name: z.string(),
});
export type GraphNode = z.output<typeof nodeSchema>;

const edgeSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  kind: z.enum(edgeKinds),
  /** Whose home it is. */
  user: z.string().exactOptional(),
  /** Machines for which it holds; absent: all. */
  on: z.array(z.string()).exactOptional(),
});
export type GraphEdge = z.output<typeof edgeSchema>;

/** The wiring of a fleet: everything that decides what a machine gets, each edge from the needing to the needed. */
export const fleetGraphSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  nodes: z.array(nodeSchema),
  edges: z.array(edgeSchema),
  /** Overlays whose packages only an evaluation of their inputs could tell. */
  overlaysNotRead: z.array(z.string()),
});
export type FleetGraph = z.output<typeof fleetGraphSchema>;

/** `<kind>:<name>`. */
export function nodeId(kind: NodeKind, name: string): string {
  return `${kind}:${name}`;
}

/** Kind and name of an id. */
export function nodeOf(id: string): GraphNode {
  const colon = id.indexOf(":");
  const kind = nodeKinds.find((known) => known === id.slice(0, colon));
  if (kind === undefined) throw new Error(`${id} is no id of a node`);
  return { id, kind, name: id.slice(colon + 1) };
}
