import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { StackConfig } from "../../clan/stack-config-schema.ts";
import { FleetErrors } from "../../errors.ts";
import { leftBehind, requireOwner } from "../../stack/require-owner.ts";

const stack = (name: string, config: StackConfig) => ({ project: "fleet", name, file: `Pulumi.${name}.yaml`, config });

const machines = { cinnabar: { tags: ["nixos"] }, galena: { tags: ["nixos", "gcp"] }, scheelite: { tags: ["gcp"] } };

describe("before a machine is moved, the stacks' files", () => {
  it("say that it is the destination's, by name or by tag", () => {
    const core = stack("core", { machines: ["cinnabar"] });
    requireOwner("galena", machines, stack("burst", { machines: ["galena"] }), core);
    requireOwner("galena", machines, stack("burst", { machines: ["tag:gcp"] }), core);
  });

  it("are named, both at once, where they say otherwise", () => {
    assert.throws(
      () => requireOwner("galena", machines, stack("burst", { machines: ["scheelite"] }), stack("core", {})),
      (error: unknown) => {
        assert.ok(error instanceof FleetErrors);
        assert.match(error.message, /Pulumi\.burst\.yaml does not have galena[\s\S]*add "galena"/);
        assert.match(error.message, /Pulumi\.core\.yaml still has galena[\s\S]*remove it, or add "!galena"/);
        return true;
      },
    );
  });

  it("have the same to say of the way to it and of its node: what would be left behind is told", () => {
    const core = stack("core", { hosts: { galena: {} }, nodes: { galena: { power: "off" } } });
    assert.deepEqual(leftBehind("galena", stack("burst", { hosts: { galena: {} } }), core), [
      "pulumi-clan:nodes.galena",
    ]);
    assert.deepEqual(leftBehind("galena", stack("burst", {}), undefined), []);
  });
});
