import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ownPackages } from "../../../clan/checks/own-packages.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { patience } from "../../deploy/support/signals.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

describe("packages that a fleet makes itself", () => {
  it("are those with a folder, and those that its overlays set, each once; whoever needs inputs is not asked", async () => {
    await using fleet = await temporaryFleet({
      "modules/overlays.ts": `
import { flakeModule, nix } from "pulumi-clan/author";
export default flakeModule(({ inputs }) => ({
  flake: {
    nixpkgsOverlays: [
      nix\`final: prev: { heartbeat = prev.heartbeat; patched = prev.hello; }\`,
      nix\`final: prev: prev.lib.mapAttrs (_: one: one) { }\`,
    ],
  },
}));
`,
      "pkgs/by-name/heartbeat/package.nix": "{ }: { }\n",
    });
    assert.deepEqual(await ownPackages(await readFleet(fleet.root), patience()), ["heartbeat", "patched"]);
  });
});
