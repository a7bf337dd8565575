import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { GraphWalk } from "../../../clan/graph/follow.ts";
import { readGraph } from "../../../clan/graph/read-graph.ts";
import { renderWhy } from "../../../clan/graph/render-chains.ts";
import { soon } from "../../local-nix/support/fixtures.ts";
import { dendriticFlake } from "../flake/support/dendritic-flake.ts";
import { FixtureFlake } from "../flake/support/fixture-flake.ts";
import { StandInInputs } from "../flake/support/stand-in-inputs.ts";
import { reachedEntries, statedReach } from "./support/reached-entries.ts";

async function withOverlays(folder: string): Promise<string> {
  const overlays = `overlays.default = final: prev: { tool = final.callPackage ./tool.nix { }; hello = prev.hello; };
      overlays.patched = final: prev: prev.lib.mapAttrs (_: p: p) { };
      darwinConfigurations`;
  const text = (await readFile(join(folder, "flake.nix"), "utf8")).replace("darwinConfigurations", overlays);
  return text.replace("modules = [ ./hosts/slate.nix ]", "specialArgs = { inherit self; };\n          $&");
}

describe("the graph of an adopted flake", () => {
  it("of a dendritic one: gives every machine exactly the entries that the model says it gets", async () => {
    await using inputs = await StandInInputs.make(["flake-parts", "import-tree", "clan-core", "home-manager"]);
    await using flake = await FixtureFlake.make(undefined, dendriticFlake);
    const fleet = await flake.adopt({ overrideInputs: inputs.overrides });
    const graph = await readGraph(fleet, () => undefined, soon());
    assert.deepEqual(reachedEntries(graph), statedReach(fleet.model));
    const walk = new GraphWalk(graph);
    const why = (id: string): string => {
      const target = graph.nodes.find((node) => node.id === id);
      assert.ok(target, id);
      return renderWhy({ machine: "onyx", target, chains: walk.chains("onyx", id), machines: [] });
    };
    assert.equal(
      why("file:modules/nixos/base.nix"),
      `onyx gets modules/nixos/base.nix, 2 ways:
  onyx imports nixos/machines/nixos/onyx
  nixos/machines/nixos/onyx imports nixos/base
  nixos/base is stated in modules/nixos/base.nix

  onyx imports nixos/machines/nixos/onyx
  nixos/machines/nixos/onyx imports nixos/base
  nixos/base imports generic/known-hosts
  generic/known-hosts is stated in modules/nixos/base.nix`,
    );
    assert.equal(
      why("entry:homeManager/core"),
      `onyx gets homeManager/core, one way:
  onyx imports nixos/machines/nixos/onyx
  nixos/machines/nixos/onyx gives mina the home homeManager/ai
  homeManager/ai imports homeManager/core`,
    );
  });

  it("of clan's classical layout: follows files that machines import", async () => {
    await using flake = await FixtureFlake.make("classical", {
      "machines/jon/configuration.nix": "{ imports = [ ../../profiles/server.nix ]; }\n",
      "profiles/server.nix": "{ imports = [ ./ssh.nix ]; }\n",
      "profiles/ssh.nix": "{ }\n",
    });
    const graph = await readGraph(await flake.adopt(), () => undefined, soon());
    const walk = new GraphWalk(graph);
    assert.deepEqual([...walk.impact("file:profiles/ssh.nix").keys()], ["jon"]);
    assert.deepEqual([...walk.impact("file:machines/sara/").keys()], ["sara"]);
    assert.deepEqual(
      [...walk.impact("file:flake.nix").keys()].length,
      graph.nodes.filter(({ kind }) => kind === "machine").length,
    );
  });

  it("of a plain flake: machines, files, and overlays with their packages", async () => {
    await using flake = await FixtureFlake.make("plain");
    const slate = '{ self, ... }:\n{ networking.hostName = "slate"; nixpkgs.overlays = [ self.overlays.default ]; }\n';
    await flake.folder.write({ "flake.nix": await withOverlays(flake.path), "hosts/slate.nix": slate });
    const graph = await readGraph(await flake.adopt(), () => undefined, soon());
    assert.deepEqual([...new GraphWalk(graph).impact("file:hosts/slate.nix").keys()], ["slate"]);
    assert.deepEqual(
      graph.edges.filter(({ kind }) => kind === "changes").map(({ from, to }) => [from, to]),
      [
        ["overlay:default", "package:hello"],
        ["overlay:default", "package:tool"],
      ],
    );
    assert.deepEqual([...new GraphWalk(graph).impact("package:tool").keys()], ["slate"]);
    assert.deepEqual(graph.overlaysNotRead, ["patched"]);
  });
});
