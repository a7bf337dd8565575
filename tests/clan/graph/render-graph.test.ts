import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type FleetGraph, nodeId } from "../../../clan/graph/fleet-graph.ts";
import { renderDot, renderMermaid } from "../../../clan/graph/render-graph.ts";

const small: FleetGraph = {
  schema: 1,
  fleet: "small",
  nodes: [
    { id: "machine:galena", kind: "machine", name: "galena" },
    { id: "entry:nixos/base", kind: "entry", name: "nixos/base" },
    { id: "fleet:small", kind: "fleet", name: "small" },
    { id: "file:fleet.ts", kind: "file", name: "fleet.ts" },
  ],
  edges: [
    { from: "fleet:small", to: "file:fleet.ts", kind: "stated in" },
    { from: "machine:galena", to: "entry:nixos/base", kind: "imports" },
    { from: "machine:galena", to: "fleet:small", kind: "member of" },
  ],
  overlaysNotRead: [],
};

function named(name: string): FleetGraph {
  const entry = { id: nodeId("entry", name), kind: "entry", name } as const;
  return {
    ...small,
    fleet: name,
    nodes: [...small.nodes, entry],
    edges: [{ from: "machine:galena", to: entry.id, kind: "home", user: name }],
  };
}

const text = fc.string({ unit: "binary", minLength: 1 });

describe("a drawing of the graph", () => {
  it("in DOT has nodes and edges, and leaves out what goes without saying", () => {
    assert.equal(
      renderDot(small),
      `digraph "small" {
  rankdir=LR;
  n0 [label="galena", shape=box3d];
  n1 [label="nixos/base", shape=box];
  n0 -> n1 [label="imports"];
}`,
    );
  });

  it("in Mermaid has the same", () => {
    assert.equal(
      renderMermaid(small),
      `flowchart LR
  n0[["galena"]]
  n1["nixos/base"]
  n0 -->|"imports"| n1`,
    );
  });

  it("keeps any name inside of its quotes", () => {
    fc.assert(
      fc.property(text, (name) => {
        const statements = renderDot(named(name)).split("\n");
        assert.equal(statements.length, 7);
        for (const line of statements.slice(2, -1)) {
          const quoted = /"((?:[^"\\]|\\["\\])*)"/.exec(line)?.[0] ?? "";
          assert.match(line.replace(quoted, "Q"), /^ {2}n\d+ (?:\[label=Q, shape=\w+\]|-> n\d+ \[label=Q\]);$/);
        }
        const drawn = renderMermaid(named(name)).split("\n");
        assert.equal(drawn.length, 5);
        for (const line of drawn) assert.equal(line.split('"').length, line === drawn[0] ? 1 : 3, line);
        for (const line of drawn) assert.doesNotMatch(line.split('"')[1] ?? "", /[<>[\](){}`\\|]/);
      }),
    );
  });
});
