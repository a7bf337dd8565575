import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FleetModel } from "../../../clan/fleet-model.ts";
import { diffModels, type FleetDifference } from "../../../clan/graph/diff-models.ts";
import { renderDiff, renderDiffMarkdown } from "../../../clan/graph/render-diff.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { edit, type Files, soundFleet } from "../checks/support/sound-fleet.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

async function modelOf(files: Files): Promise<FleetModel> {
  await using fleet = await temporaryFleet(files);
  return (await readFleet(fleet.root)).model;
}

async function difference(after: Files): Promise<FleetDifference> {
  return diffModels(await modelOf(soundFleet), await modelOf(after));
}

const inventory = "modules/clan/inventory.ts";

describe("the difference of two fleets", () => {
  it("is none between a fleet and itself", async () => {
    const same = await difference(soundFleet);
    assert.deepEqual(same.machines, { gained: [], lost: [], changed: {} });
    assert.equal(renderDiff(same), "no difference");
    assert.equal(renderDiffMarkdown(same), "No difference in machines, tags, roles, members and entries.");
  });

  it("shows a tag less on the machine, and the role that it no longer has", async () => {
    const lost = await difference(edit(inventory, '"cloud",\n            "peer",', '"cloud",'));
    assert.equal(
      renderDiff(lost),
      `machines
  ~ electrum
      tags: -peer
      roles: -zerotier/peer

instances
  ~ zerotier
      members of peer: -electrum`,
    );
    assert.equal(
      renderDiffMarkdown(lost),
      `### Machines

- \`electrum\` changed
  - \`tags: -peer\`
  - \`roles: -zerotier/peer\`

### Instances

- \`zerotier\` changed
  - \`members of peer: -electrum\``,
    );
  });

  it("shows an import more as the entries that it brings through any chain", async () => {
    const files = edit(
      "modules/machines/nixos/electrum/default.ts",
      "imports: [config.flake.modules.nixos.base]",
      "imports: [config.flake.modules.nixos.base, config.flake.modules.nixos.board]",
    );
    const { machines, instances, entries } = await difference(files);
    assert.deepEqual(machines.changed, {
      electrum: {
        facts: [],
        tags: { gained: [], lost: [] },
        roles: { gained: [], lost: [] },
        entries: { gained: ["nixos/board"], lost: [] },
        users: { gained: [], lost: [] },
      },
    });
    assert.deepEqual([instances.changed, entries], [{}, { gained: [], lost: [], changed: {} }]);
  });

  it("shows files of an aggregate, a target host, settings and a service by their names", async () => {
    const { "modules/nixos/base/boot.ts": _boot, ...rest } = soundFleet;
    const changed = (soundFleet[inventory] ?? "")
      .replace("root@galena.zt", "root@192.0.2.7")
      .replace('settings: { user: "cameron" }', 'settings: { user: "tara" }');
    const found = await difference({ ...rest, [inventory]: changed });
    assert.deepEqual(found.entries.changed, {
      "nixos/base": { gained: [], lost: ["modules/nixos/base/boot.ts"] },
    });
    assert.deepEqual(found.machines.changed["galena"]?.facts, [
      { fact: "targetHost", before: "root@galena.zt", after: "root@192.0.2.7" },
    ]);
    assert.deepEqual(found.instances.changed["user-cameron"], { members: {}, settings: ["default"] });
  });

  it("names what is new and what is gone, the other way round as well", async () => {
    const [before, after] = [await modelOf(soundFleet), await modelOf(edit(inventory, "board: {\n", "panel: {\n"))];
    const there = diffModels(before, after);
    assert.deepEqual([there.instances.gained, there.instances.lost], [["panel"], ["board"]]);
    const back = diffModels(after, before);
    assert.deepEqual([back.instances.gained, back.instances.lost], [["board"], ["panel"]]);
    assert.deepEqual(there.machines.changed["cinnabar"]?.roles, { gained: ["panel/default"], lost: ["board/default"] });
  });
});
