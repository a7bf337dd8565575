import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MachineModel } from "../../clan/fleet-model.ts";
import { parseStackConfig } from "../../clan/stack-config.ts";
import { FleetErrors } from "../../errors.ts";
import { settingsOf } from "../../stack/delivery.ts";

const spec: MachineModel = {
  class: "nixos",
  system: "x86_64-linux",
  tags: [],
  description: null,
  targetHost: null,
  buildHost: null,
  imports: [],
  users: [],
  registered: true,
  inInventory: true,
  definedAt: { file: "machines.ts", line: 1 },
};
const policyOf = (machine: string, raw: Record<string, unknown>) => {
  const texts = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [`pulumi-clan:${key}`, JSON.stringify(value)]),
  );
  const stack = {
    project: "fleet",
    name: "core",
    file: "Pulumi.core.yaml",
    config: parseStackConfig(texts, "Pulumi.core.yaml"),
  };
  return settingsOf({ machine, spec }, stack).policy;
};

describe("a machine's policy", () => {
  it("is the stack's, with the host's own key by key over it", () => {
    const raw = {
      policy: { mode: "boot", ackDeadlineSeconds: 60 },
      hosts: { galena: { policy: { mode: "switch", healthGates: [{ kind: "tcp", port: 443 }] } } },
    };
    const { mode, ackDeadlineSeconds, healthGates, onFailedUnits } = policyOf("galena", raw);
    assert.deepEqual([mode, ackDeadlineSeconds, onFailedUnits], ["switch", 60, "rollback"]);
    assert.equal(healthGates[0]?.kind, "tcp");
    assert.equal(policyOf("cinnabar", raw).mode, "boot");
  });

  it("that cannot be is said with the place of each mistake", () => {
    assert.throws(
      () =>
        policyOf("galena", {
          policy: { ackDeadlineSeconds: 1 },
          hosts: { galena: { policy: { healthGates: [{ kind: "tcp" }] } } },
        }),
      (error: unknown) => {
        assert.ok(error instanceof FleetErrors);
        assert.match(error.message, /pulumi-clan:policy\.ackDeadlineSeconds has a value[\s\S]*found: {4}1\n/);
        assert.match(error.message, /pulumi-clan:hosts\.galena\.policy\.healthGates\.0\.port has a value/);
        return true;
      },
    );
  });
});
