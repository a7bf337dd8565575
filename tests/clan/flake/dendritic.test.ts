import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import type { FleetModel } from "../../../clan/fleet-model.ts";
import { readGraph } from "../../../clan/graph/read-graph.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { soon } from "../../local-nix/support/fixtures.ts";
import { reachedEntries, statedReach } from "../graph/support/reached-entries.ts";
import { dendriticFlake } from "./support/dendritic-flake.ts";
import { FixtureFlake } from "./support/fixture-flake.ts";
import { StandInInputs } from "./support/stand-in-inputs.ts";

const checkout = resolve(import.meta.dirname, "../../..");

describe("a dendritic flake", () => {
  let inputs: StandInInputs;
  before(async () => {
    inputs = await StandInInputs.make(["flake-parts", "import-tree", "clan-core", "home-manager"]);
  });
  after(() => inputs[Symbol.asyncDispose]());

  it("gives the registry's entries, namespaces with the files that declare them, and who gets them", async () => {
    await using flake = await FixtureFlake.make(undefined, dendriticFlake);
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
      ...dendriticFlake,
      "modules/clan/machines.nix": dendriticFlake["modules/clan/machines.nix"].replace(
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
    const graph = await readGraph(adopted, () => undefined, soon());
    assert.deepEqual(reachedEntries(graph), statedReach(model), "the graph agrees as well");

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
