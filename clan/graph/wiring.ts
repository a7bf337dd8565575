import type { GraphEdge } from "./fleet-graph.ts";

/** An overlay of the fleet's packages. */
export interface OverlayWiring {
  /** Its file, or its name among the flake's outputs. */
  readonly name: string;
  /** Relative to the fleet's root; null: not known. */
  readonly file: string | null;
  /** Packages that it adds or changes; null: not known. */
  readonly packages: readonly string[] | null;
  /** Package → where it is written, for packages that have a place of their own. */
  readonly written: ReadonlyMap<string, string>;
}

/** What is known of a fleet's imports beside its model. */
export interface Wiring {
  /** Imports and files; ids are those of fleet-graph.ts. */
  readonly links: readonly GraphEdge[];
  readonly overlays: readonly OverlayWiring[];
  /** Files on which every machine depends, relative to the root. */
  readonly everybodys: readonly string[];
}
