import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import type { FleetModel } from "../../../clan/fleet-model.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { FixtureFlake } from "./support/fixture-flake.ts";
import { StandInInputs } from "./support/stand-in-inputs.ts";

const checkout = resolve(import.meta.dirname, "../../..");

const flakeFile = `{
  inputs.flake-parts.url = "github:hercules-ci/flake-parts";
  inputs.import-tree.url = "github:vic/import-tree";
  inputs.clan-core.url = "https://git.clan.lol/clan/clan-core/archive/main.tar.gz";
  inputs.home-manager.url = "github:nix-community/home-manager";
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./modules);
}
`;
const modules = {
  "modules/core.nix": `{ inputs, ... }: {
  imports = [ inputs.flake-parts.flakeModules.modules inputs.clan-core.flakeModules.default ];
  clan.meta.name = "tree";
}
`,
  "modules/nixos/ssh.nix": '{ flake.modules.nixos.base = { environment.etc.ssh.text = "a"; }; }\n',
  "modules/nixos/base.nix": `{ config, ... }: {
  flake.modules.nixos.base = { pkgs, ... }: {
    imports = [ config.flake.modules.generic.known-hosts ];
  };
  flake.modules.generic.known-hosts = { environment.etc.hosts2.text = "b"; };
}
`,
  "modules/home/ai.nix": `{ config, ... }: {
  flake.modules.homeManager.ai = { ... }: { imports = [ config.flake.modules.homeManager.core ]; };
  flake.modules.homeManager.core.home.file.".x".text = "x";
  flake.modules.homeManager.unused = { };
}
`,
  "modules/machines/onyx.nix": `{ config, inputs, ... }: {
  flake.modules.nixos."machines/nixos/onyx" = {
    imports = with config.flake.modules.nixos; [ base inputs.home-manager.nixosModules.home-manager ];
    users.users.mina.isNormalUser = true;
    home-manager.users.mina.imports = [ config.flake.modules.homeManager.ai ];
  };
}
`,
  "modules/clan/machines.nix": `{ config, ... }:
{
  clan.machines = {
    onyx = {
      nixpkgs.hostPlatform = "x86_64-linux";
      imports = [ config.flake.modules.nixos."machines/nixos/onyx" ];
    };
  };
}
`,
  "modules/clan/inventory.nix":
    '{ clan.inventory.machines.onyx = { tags = [ "peer" ]; deploy.targetHost = "root@onyx.example.org"; }; }\n',
};

describe("a dendritic flake", () => {
  let inputs: StandInInputs;
  before(async () => {
    inputs = await StandInInputs.make(["flake-parts", "import-tree", "clan-core", "home-manager"]);
  });
  after(() => inputs[Symbol.asyncDispose]());

  it("gives the registry's entries, namespaces with the files that declare them, and who gets them", async () => {
    await using flake = await FixtureFlake.make(undefined, { "flake.nix": flakeFile, ...modules });
    const { model } = await flake.adopt({ overrideInputs: inputs.overrides });
    const onyx = Object.values(model.machines)[0];
    assert.deepEqual(onyx, {
      class: "nixos",
      system: "x86_64-linux",
      tags: ["peer", "all", "nixos"],
      description: null,
      targetHost: "root@onyx.example.org",
      buildHost: null,
      imports: ["nixos/machines/nixos/onyx"],
      users: ["mina"],
      registered: true,
      inInventory: true,
      definedAt: { file: "modules/clan/machines.nix", line: 4 },
    });
    const entry = (...files: string[]) => ({ files, importedBy: ["onyx"] });
    assert.deepEqual(model.namespaces, {
      generic: { "known-hosts": entry("modules/nixos/base.nix") },
      homeManager: {
        ai: entry("modules/home/ai.nix"),
        core: entry("modules/home/ai.nix"),
        unused: { files: ["modules/home/ai.nix"], importedBy: [] },
      },
      nixos: {
        base: entry("modules/nixos/base.nix", "modules/nixos/ssh.nix"),
        "machines/nixos/onyx": entry("modules/machines/onyx.nix"),
      },
    });
  });

  it("isolates a registry entry that names nothing to its machine", async () => {
    await using flake = await FixtureFlake.make(undefined, {
      "flake.nix": flakeFile,
      ...modules,
      "modules/clan/machines.nix": modules["modules/clan/machines.nix"].replace(
        "clan.machines = {",
        'clan.machines = {\n    opal.imports = [ config.flake.modules.nixos."machines/nixos/opla" ];',
      ),
    });
    const { model, problems } = await flake.adopt({ overrideInputs: inputs.overrides });
    assert.deepEqual([...problems.keys()], ["opal"]);
    assert.match(problems.get("opal")?.facts.found ?? "", /attribute '"?machines\/nixos\/opla"?' missing/);
    assert.equal(problems.get("opal")?.facts.at, "modules/clan/machines.nix:4");
    const imports = Object.entries(model.machines).map(([name, machine]) => [name, machine.imports]);
    assert.deepEqual(Object.fromEntries(imports), { onyx: ["nixos/machines/nixos/onyx"], opal: [] });
  });
});

/** Without what only the authored side knows: its lines of TypeScript, nodes of the cloud, clan's defaults. */
function comparable({ machines, namespaces, instances, nodes: _nodes, secretStore: _store, ...rest }: FleetModel) {
  const unplaced = <T extends { definedAt: unknown }>(part: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(part).map(([name, { definedAt: _at, ...about }]) => [name, about] as const));
  return { ...rest, namespaces, machines: unplaced(machines), instances: unplaced(instances) };
}

describe("the example fleet, emitted and read back", function () {
  this.timeout(120_000);

  it("is the fleet that was written", async () => {
    const { model, evaluation } = await readFleet(checkout);
    await using inputs = await StandInInputs.make(Object.keys(evaluation.definition.inputs));
    await using flake = await FixtureFlake.make(undefined);
    for (const part of ["flake.nix", "nix", "modules", "pkgs"])
      await cp(resolve(checkout, part), resolve(flake.path, part), { recursive: true });
    const adopted = await flake.adopt({ overrideInputs: inputs.overrides });
    assert.deepEqual(flake.warnings(), []);
    const [wanted, found] = [comparable(model), comparable(adopted.model)];
    assert.deepEqual(found, wanted);

    // With no machine read, entries and registry tell who gets what, but for what services bring.
    const unread = await flake.adopt({ overrideInputs: inputs.overrides }, { chosen: () => [] });
    for (const [className, entry] of [
      ["nixos", "base"],
      ["homeManager", "core"],
      ["homeManager", "users/tara"],
    ] as const) {
      const { importedBy } = unread.model.namespaces[className]?.[entry] ?? {};
      assert.deepEqual(importedBy, model.namespaces[className]?.[entry]?.importedBy);
    }
  });
});
