import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sharedRoles } from "../../stack/shared-roles.ts";

const role = (...members: string[]) => ({ machines: members, tags: [], members, settings: {} });
const instance = (roles: Record<string, ReturnType<typeof role>>) => ({
  module: { name: "n", input: null },
  roles,
  definedAt: { file: "modules/clan.ts" },
});
const model = {
  instances: {
    zerotier: instance({ controller: role("cinnabar"), peer: role("cinnabar", "galena", "stibnite") }),
    backup: instance({ server: role("electrum"), client: role("cinnabar") }),
    board: instance({ default: role("galena") }),
  },
};

describe("machines of another stack that are in a service with ours", () => {
  it("are named once for each instance, with all their roles there", () => {
    assert.deepEqual(sharedRoles(model, ["galena", "scheelite"], ["cinnabar", "electrum"]), [
      { machine: "cinnabar", instance: "zerotier", roles: ["controller", "peer"] },
    ]);
  });

  it("are none where no machine of ours is in the instance", () => {
    assert.deepEqual(sharedRoles(model, ["scheelite"], ["cinnabar", "electrum"]), []);
    assert.deepEqual(sharedRoles(model, ["galena"], []), []);
  });
});
