import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { renderBefore } from "../../program/stacks-before.ts";

const declared = parseStorePath(`/nix/store/${"1".repeat(32)}-nixos-system-cinnabar`);
const other = `/nix/store/${"2".repeat(32)}-nixos-system-cinnabar`;
const role = { machine: "cinnabar", instance: "zerotier", roles: ["controller"] };

describe("a machine of a stack that goes first", () => {
  it("is told with its role and what to run, while it runs something else", () => {
    assert.equal(
      renderBefore("core", role, other, declared),
      [
        "stack core goes first: cinnabar (zerotier: controller) does not run yet what the fleet declares, 1111111-nixos-system-cinnabar",
        "  fix: pulumi up --stack core, then this stack",
      ].join("\n"),
    );
    assert.match(renderBefore("core", role, undefined, declared) ?? "", /cinnabar .* is not deployed yet/);
    assert.match(renderBefore("core", role, null, declared) ?? "", /is not deployed yet/);
  });

  it("is nothing to tell once it runs what is declared", () => {
    assert.equal(renderBefore("core", role, declared, declared), undefined);
  });
});
