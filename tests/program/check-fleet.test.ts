import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { parseStackConfig } from "../../clan/stack-config.ts";
import { checkFleet } from "../../program/check-fleet.ts";
import type { Report } from "../../report.ts";
import { planMachines } from "../../stack/owned-machines.ts";
import type { Stack } from "../../stack/stack.ts";
import { FixtureFlake } from "../clan/flake/support/fixture-flake.ts";
import { patience } from "../deploy/support/signals.ts";

const file = "Pulumi.test.yaml";
const stack = (config: Readonly<Record<string, string>> = {}): Stack => {
  return { project: "pulumi-clan", name: "test", file, config: parseStackConfig(config, file) };
};
const silent: Report = () => undefined;

/** A flake of one machine, deployed as root, who may not log in. */
const files = {
  "flake.nix": `{
  outputs = { self }: let system = import ./lib/systems.nix; in {
    nixosConfigurations.basalt = system "nixos" { modules = [ ./basalt.nix ]; };
  };
}
`,
  "basalt.nix": `{
  networking.hostName = "basalt";
  nixpkgs.hostPlatform = "x86_64-linux";
  clan.core.networking.targetHost = "root@basalt.zt";
  services.openssh = { enable = true; settings = { PermitRootLogin = "no"; PasswordAuthentication = false; }; };
  services.comin.enable = true;
  users.users = {
    root = { };
    mina = { openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA" ]; extraGroups = [ "wheel" ]; };
  };
}
`,
};

async function remarks(targetHost: string, config: Readonly<Record<string, string>> = {}) {
  await using flake = await FixtureFlake.make(undefined, files);
  const fleet = await flake.adopt();
  const checks = await checkFleet(fleet, patience());
  assert.deepEqual(checks.remarks, [], "what only a configuration shows");
  const owned = planMachines(fleet.model, ["basalt"], stack());
  const connection = { targetHost, definedAt: file, from: "stack", identityFiles: [], hostKeys: [] } as const;
  return await checks.withConfigurations(
    stack(config),
    owned,
    { connections: new Map([["basalt", connection]]), systems: new Map() },
    silent,
    patience(),
  );
}

describe("the checks of a preview", () => {
  it("refuse a deployment that locks its deployer out, with the report and before a resource exists", async () => {
    await assert.rejects(remarks("root@basalt.zt"), (error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(
        error.message,
        /^the fleet is not what was written; `fleet check` shows everything\n\nmachine basalt\n/,
      );
      assert.match(error.message, /error {3}FC041 {2}basalt is deployed as root, but PermitRootLogin is "no"/);
      return true;
    });
  });

  it("ask with the account by which the stack deploys, and give warnings to the machine", async () => {
    const told = await remarks("mina@198.51.100.7");
    assert.deepEqual(
      told.map(({ subject, text }) => [subject.kind, subject.name, text.split(":")[0]]),
      [["machine", "basalt", "FC050"]],
    );
  });

  it("look into no configuration where systems come from elsewhere", async () => {
    assert.deepEqual(await remarks("root@basalt.zt", { "pulumi-clan:systemBuilder": "sim/system" }), []);
  });
});
