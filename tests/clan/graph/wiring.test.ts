import assert from "node:assert/strict";
import { resolve } from "node:path";
import { before, describe, it } from "mocha";
import { findNode } from "../../../clan/graph/find-node.ts";
import { type FleetGraph, fleetGraphSchema, nodeId } from "../../../clan/graph/fleet-graph.ts";
import { GraphWalk, onlyMachine } from "../../../clan/graph/follow.ts";
import { readGraph } from "../../../clan/graph/read-graph.ts";
import { renderImpact, renderWhy } from "../../../clan/graph/render-chains.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { soon } from "../../local-nix/support/fixtures.ts";
import { soundFleet } from "../checks/support/sound-fleet.ts";
import { galena, temporaryFleet } from "../support/temporary-fleet.ts";
import { reachedEntries, statedReach } from "./support/reached-entries.ts";

const example = resolve(import.meta.dirname, "../../..");

async function graphOf(root: string): Promise<FleetGraph> {
  return readGraph(await readFleet(root), () => undefined, soon());
}

function impact(graph: FleetGraph, id: string): readonly string[] {
  return [...new GraphWalk(graph).impact(id).keys()];
}

describe("the graph of a fleet written here", () => {
  let graph: FleetGraph;
  before(async () => {
    graph = await graphOf(example);
  });

  it("is plain data by its schema, each thing once", () => {
    assert.deepEqual(fleetGraphSchema.parse(JSON.parse(JSON.stringify(graph))), graph);
    assert.equal(new Set(graph.nodes.map(({ id }) => id)).size, graph.nodes.length);
    const known = new Set(graph.nodes.map(({ id }) => id));
    assert.deepEqual(
      graph.edges.filter(({ from, to }) => !known.has(from) || !known.has(to)),
      [],
    );
  });

  it("gives every machine exactly the entries that the model says it gets", async () => {
    const { model } = await readFleet(example);
    assert.deepEqual(reachedEntries(graph), statedReach(model));
  });

  it("says why a machine gets an entry, a file and a service", () => {
    const walk = new GraphWalk(graph);
    const why = (id: string): string => {
      const target = graph.nodes.find((node) => node.id === id);
      assert.ok(target, id);
      return renderWhy({ machine: "galena", target, chains: walk.chains("galena", id), machines: [] });
    };
    assert.equal(
      why("file:modules/machines/nixos/_disks.ts"),
      `galena gets modules/machines/nixos/_disks.ts, one way:
  galena imports nixos/machines/nixos/galena
  nixos/machines/nixos/galena is stated in modules/machines/nixos/galena/disko.ts
  modules/machines/nixos/galena/disko.ts imports modules/machines/nixos/_disks.ts`,
    );
    assert.equal(
      why("entry:generic/ssh-known-hosts"),
      `galena gets generic/ssh-known-hosts, 2 ways:
  galena imports nixos/machines/nixos/galena
  nixos/machines/nixos/galena imports generic/ssh-known-hosts

  galena carries tag all
  tag all has role ssh-known-hosts/default
  role ssh-known-hosts/default is of instance ssh-known-hosts
  instance ssh-known-hosts imports generic/ssh-known-hosts`,
    );
    assert.equal(
      why("service:clan-core/zerotier"),
      `galena gets service clan-core/zerotier, one way:
  galena carries tag peer
  tag peer has role zerotier/peer
  role zerotier/peer is of instance zerotier
  instance zerotier runs service clan-core/zerotier`,
    );
    assert.match(why("entry:homeManager/ai"), /gives cameron the home homeManager\/ai$/);
  });

  it("shows which overlay touches which package, and whom a change of either reaches", () => {
    const changed = graph.edges.filter(({ kind }) => kind === "changes").map(({ from, to }) => [from, to]);
    assert.deepEqual(
      changed.filter(([from]) => from === "overlay:modules/nixpkgs/pinned-tools.ts"),
      [
        ["overlay:modules/nixpkgs/pinned-tools.ts", "package:nodejs"],
        ["overlay:modules/nixpkgs/pinned-tools.ts", "package:python3"],
      ],
    );
    assert.ok(changed.some(([, to]) => to === "package:heartbeat"));
    for (const id of ["file:modules/nixpkgs/pinned-tools.ts", "package:heartbeat", "file:pkgs/by-name/heartbeat/"])
      assert.equal(impact(graph, id).length, 10, id);
    assert.deepEqual(graph.overlaysNotRead, []);
  });

  it("takes a file of the flake's own level for everybody's", () => {
    for (const file of ["fleet.ts", "flake.lock", "modules/clan/core.ts"])
      assert.equal(impact(graph, nodeId("file", file)).length, 10, file);
    assert.deepEqual(impact(graph, "file:modules/nodes/gcp.ts"), ["galena", "scheelite"]);
  });

  it("cuts out what concerns one machine", () => {
    const own = onlyMachine(graph, "pyrite");
    assert.deepEqual(
      own.nodes.filter(({ kind }) => kind === "machine").map(({ name }) => name),
      ["pyrite"],
    );
    assert.ok(own.nodes.some(({ id }) => id === "role:wifi/default"));
    assert.ok(!own.nodes.some(({ id }) => id === "role:zerotier/controller"));
    assert.deepEqual(reachedEntries(own).get("pyrite"), reachedEntries(graph).get("pyrite"));
  });
});

describe("a change of a thing", () => {
  it("reaches members of a tag, of a role by name, and nobody where nothing is wired to it", async () => {
    await using fleet = await temporaryFleet(soundFleet);
    const graph = await graphOf(fleet.root);
    assert.deepEqual(impact(graph, "tag:peer"), ["electrum", "galena"]);
    assert.deepEqual(impact(graph, "instance:board"), ["cinnabar"]);
    assert.deepEqual(impact(graph, "file:modules/nixos/board.ts"), ["cinnabar"]);
    assert.deepEqual(impact(graph, "machine:galena"), ["galena"]);
    const target = findNode(graph, "justfile", ["file"], { root: fleet.root, current: fleet.root });
    assert.equal(
      renderImpact({ target, machines: new GraphWalk(graph).impact(target.id), total: 4 }),
      "no machine gets justfile, by imports",
    );
  });

  it("brings a service's entry to members of its class only", async () => {
    const everybody = { ...soundFleet };
    everybody["modules/clan/inventory.ts"] = (soundFleet["modules/clan/inventory.ts"] ?? "").replace(
      "roles: { default: { machines: { cinnabar: {} } } }",
      'roles: { default: { tags: ["all"] } }',
    );
    await using fleet = await temporaryFleet(everybody);
    const { model } = await readFleet(fleet.root);
    const graph = await graphOf(fleet.root);
    assert.deepEqual(impact(graph, "entry:nixos/board"), ["cinnabar", "electrum", "galena"]);
    assert.deepEqual(reachedEntries(graph), statedReach(model));
  });

  it("is followed through files that only other files name, in both languages", async () => {
    await using fleet = await temporaryFleet({
      "modules/galena.ts": galena
        .replace(
          '{ networking: { hostName: "galena" } }',
          '{ imports: [nixFile("../hardware/galena.nix")], networking: { hostName: name } }',
        )
        .replace(
          'import { flakeModule } from "pulumi-clan/author";',
          'import { flakeModule, nixFile } from "pulumi-clan/author";\nimport { name } from "./_names.ts";',
        ),
      "modules/_names.ts": 'export const name: string = "galena";\n',
      "hardware/galena.nix": "{ imports = [ ./disks ]; }\n",
      "hardware/disks/default.nix": "{ x = builtins.readFile ./table.txt; }\n",
      "hardware/disks/table.txt": "sda\n",
      "hardware/other.nix": "{ }\n",
    });
    const graph = await graphOf(fleet.root);
    for (const file of [
      "modules/_names.ts",
      "hardware/galena.nix",
      "hardware/disks/default.nix",
      "hardware/disks/table.txt",
    ])
      assert.deepEqual(impact(graph, nodeId("file", file)), ["galena"], file);
    assert.deepEqual(impact(graph, "file:hardware/other.nix"), []);
  });

  it("says so where an overlay's packages cannot be told without its inputs", async () => {
    await using fleet = await temporaryFleet({
      "modules/galena.ts": galena,
      "modules/overlays.ts": `
import { flakeModule, nix } from "pulumi-clan/author";
export default flakeModule({
  flake: { nixpkgsOverlays: [nix\`final: prev: prev.lib.optionalAttrs true { a = 1; }\`, nix\`final: prev: { b = 1; }\`] },
});
`,
    });
    const graph = await graphOf(fleet.root);
    assert.deepEqual(graph.overlaysNotRead.length, 1);
    assert.deepEqual(
      graph.nodes.filter(({ kind }) => kind === "package").map(({ name }) => name),
      ["b"],
    );
  });
});
