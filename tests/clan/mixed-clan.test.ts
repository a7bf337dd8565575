import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { allRules } from "../../clan/checks/all-rules.ts";
import { checkFleet } from "../../clan/checks/check-fleet.ts";
import { emitFleet } from "../../clan/emission/emit-fleet.ts";
import type { FleetModel } from "../../clan/fleet-model.ts";
import { GraphWalk } from "../../clan/graph/follow.ts";
import { readGraph } from "../../clan/graph/read-graph.ts";
import { renderWhy } from "../../clan/graph/render-chains.ts";
import { type AuthoredFleet, readFleet } from "../../clan/read-fleet.ts";
import { OptionConflictError } from "../../composition/errors.ts";
import { formatLocation } from "../../composition/source-location.ts";
import { patience } from "../deploy/support/signals.ts";
import { type Files, soundFleet } from "./checks/support/sound-fleet.ts";
import { temporaryFleet } from "./support/temporary-fleet.ts";

const registry = `{ config, lib, inputs, ... }:
let
  inherit (config.flake.modules) nixos darwin;
in
{
  clan.machines = {
    galena = { nixpkgs.hostPlatform = "x86_64-linux"; imports = [ nixos."machines/nixos/galena" inputs.disko.nixosModules.disko ]; };
    electrum = { pkgs, ... }: {
      imports = [ nixos."machines/nixos/electrum" ];
      nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
    };
    cinnabar = { nixpkgs.hostPlatform = "x86_64-linux"; imports = [ nixos."machines/nixos/cinnabar" ]; };
    stibnite = { nixpkgs.hostPlatform = "aarch64-darwin"; imports = [ darwin."machines/darwin/stibnite" ]; };
  };
}
`;
const inventory = `{ lib, ... }:
{
  clan.inventory = lib.mkMerge [
    {
      machines.galena = { tags = [ "cloud" "peer" ]; deploy.targetHost = "root@galena.zt"; };
      machines.electrum = {
        tags = [ "cloud" "peer" ];
        deploy.targetHost = lib.mkDefault "root@electrum.zt";
      };
    }
    {
      machines.cinnabar = { tags = [ "cloud" "anchor" ]; deploy.targetHost = "root@cinnabar.zt"; };
      machines.stibnite = { machineClass = "darwin"; deploy.targetHost = "crs58@stibnite.zt"; };
      instances.zerotier = {
        module = { name = "zerotier"; input = "clan-core"; };
        roles.controller.machines.cinnabar = { };
        roles.peer.tags = [ "peer" ];
      };
      instances.user-cameron = {
        module = { name = "users"; input = "clan-core"; };
        roles.default = { tags.nixos = { }; settings.user = "cameron"; };
      };
    }
  ];
}
`;
/** The board, whose module is an entry of TypeScript's. */
const board = `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      instances: {
        board: {
          module: { description: "a board", imports: [config.flake.modules.nixos.board] },
          roles: { default: { machines: { cinnabar: {} } } },
        },
      },
    },
  },
}));
`;

/** The sound fleet with its registry, inventory and two of three services in Nix. */
function mixedFleet(changes: Files = {}): Files {
  const { "modules/clan/machines.ts": _machines, "modules/clan/inventory.ts": _inventory, ...rest } = soundFleet;
  return {
    ...rest,
    "modules/clan/machines.nix": registry,
    "modules/clan/inventory.nix": inventory,
    "modules/clan/board.ts": board,
    ...changes,
  };
}

async function reading<T>(files: Files, use: (fleet: AuthoredFleet) => Promise<T> | T): Promise<T> {
  await using fleet = await temporaryFleet(files);
  return await use(await readFleet(fleet.root));
}

/** Without places, and with names in the alphabet's order. */
function comparable(model: FleetModel): unknown {
  return JSON.parse(
    JSON.stringify(model, (key, value: unknown) => {
      if (key === "definedAt") return undefined;
      if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.toSorted();
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    }),
  );
}

async function findings(files: Files): Promise<readonly string[]> {
  await using fleet = await temporaryFleet(files);
  const options = { rules: allRules, evaluate: false, report: () => undefined };
  const { findings: found } = await checkFleet(() => readFleet(fleet.root), options, patience());
  return found.map(({ rule, subject, at }) => `${rule}: ${subject.name} at ${at === null ? "?" : formatLocation(at)}`);
}

describe("a registry and an inventory in Nix beside TypeScript", () => {
  it("give the same model as in TypeScript", async () => {
    const [written, mixed] = await Promise.all([
      reading(soundFleet, ({ model }) => comparable(model)),
      reading(mixedFleet(), ({ model, evaluation }) => {
        assert.deepEqual(evaluation.unreadNixModules, []);
        return comparable(model);
      }),
    ]);
    assert.deepEqual(mixed, written);
  });

  it("have their places in the files and on the lines of the Nix modules", async () => {
    await reading(mixedFleet(), ({ model }) => {
      const placeOf = (name: string) => Object.entries(model.machines).find(([one]) => one === name)?.[1].definedAt;
      assert.deepEqual(placeOf("electrum"), { file: "modules/clan/machines.nix", line: 8 });
      assert.deepEqual(model.instances["user-cameron"]?.definedAt, { file: "modules/clan/inventory.nix", line: 19 });
      assert.deepEqual(model.instances["board"]?.definedAt.file, "modules/clan/board.ts");
    });
  });

  it("are sound to the checks, which find the same mistakes in them", async () => {
    assert.deepEqual(await findings(mixedFleet()), []);
    const with_ = (from: string, to: string): Promise<readonly string[]> => {
      assert.equal(inventory.split(from).length, 2, from);
      return findings(mixedFleet({ "modules/clan/inventory.nix": inventory.replace(from, to) }));
    };
    assert.deepEqual(await with_("controller.machines.cinnabar", "controller.machines.cinabar"), [
      "FC023: zerotier/controller at modules/clan/inventory.nix:14",
    ]);
    assert.deepEqual(await with_('roles.peer.tags = [ "peer" ]', 'roles.peer.tags = [ "peer" "peeer" ]'), [
      "FC022: zerotier/peer at modules/clan/inventory.nix:17",
    ]);
    assert.deepEqual(await with_('machines.stibnite = { machineClass = "darwin";', "machines.stibnite = {"), [
      "FC018: stibnite at modules/clan/inventory.nix:13",
    ]);
  });

  it("are part of the graph", async () => {
    await reading(mixedFleet(), async (fleet) => {
      const graph = await readGraph(fleet, () => undefined, patience());
      const walk = new GraphWalk(graph);
      const target = graph.nodes.find(({ id }) => id === "role:zerotier/peer") ?? assert.fail();
      const chains = walk.chains("electrum", target.id);
      assert.equal(
        renderWhy({ machine: "electrum", target, chains, machines: [] }),
        "electrum gets role zerotier/peer, one way:\n  electrum carries tag peer\n  tag peer has role zerotier/peer",
      );
      assert.equal(walk.impact("file:modules/clan/inventory.nix").size, 4);
    });
  });

  it("are left to Nix by the emission, which has what TypeScript says", async () => {
    const inputs = 'inputs: {\n    "flake-parts": { url: "github:a/b" },\n    "import-tree": { url: "github:a/b" },';
    const fleetFile = (soundFleet["fleet.ts"] ?? "").replace("inputs: {", inputs);
    await reading(mixedFleet({ "fleet.ts": fleetFile }), ({ evaluation }) => {
      const files = [...emitFleet(evaluation)].filter(([name]) => /registry|inventory|services/.test(name));
      const text = files.map(([, content]) => content).join("\n");
      assert.match(text, /board/);
      assert.doesNotMatch(text, /galena|electrum|zerotier|targetHost/);
    });
  });

  it("take a platform from the machine's own entry in Nix", async () => {
    const own = '{ flake.modules.nixos."machines/nixos/electrum".nixpkgs.hostPlatform = "aarch64-linux"; }\n';
    const files = mixedFleet({
      "modules/clan/machines.nix": registry.replace('      nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";\n', ""),
      "modules/machines/nixos/electrum/platform.nix": own,
    });
    await reading(files, ({ model }) => {
      assert.equal(Object.entries(model.machines).find(([name]) => name === "electrum")?.[1].system, "aarch64-linux");
    });
  });

  it("must not contradict what TypeScript says: the error names both places", async () => {
    const twice = `export default { clan: { inventory: { machines: { galena: { deploy: { targetHost: "root@other.zt" } } } } } };\n`;
    await assert.rejects(
      reading(mixedFleet({ "modules/clan/more.ts": twice }), () => undefined),
      (error) => {
        assert.ok(error instanceof OptionConflictError, String(error));
        assert.match(error.message, /modules\/clan\/more\.ts:1/);
        assert.match(error.message, /modules\/clan\/inventory\.nix:5/);
        return true;
      },
    );
  });

  it("are named in a warning where they cannot be told without an input", async () => {
    const odd = "{ inputs, lib, ... }: { clan.inventory.instances = lib.generators.instances inputs; }\n";
    await reading(mixedFleet({ "modules/clan/odd.nix": odd }), ({ evaluation, model }) => {
      assert.deepEqual(
        evaluation.unreadNixModules.map(({ file }) => file),
        ["modules/clan/odd.nix"],
      );
      assert.equal(Object.keys(model.machines).length, 4, "the others are read");
    });
  });
});
