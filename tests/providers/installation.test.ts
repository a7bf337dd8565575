import assert from "node:assert/strict";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { describe, it } from "mocha";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { check, create, diff } from "../../providers/installation.impl.ts";
import { announcement } from "../../providers/installation-preview.ts";
import type { InstallationInputs, InstallationOutputs } from "../../providers/installation-schema.ts";

const toplevel = parseStorePath(`/nix/store/${"1".repeat(32)}-nixos-system-galena`);
const script = parseStorePath(`/nix/store/${"2".repeat(32)}-disko`);
const inputs: InstallationInputs = {
  machine: "galena",
  system: "x86_64-linux",
  toplevel,
  drvPath: `${toplevel}.drv`,
  disko: { drvPath: `${script}.drv`, script, devices: ["/dev/sda"] },
  targetHost: "root@192.0.2.14",
  identityFiles: [],
  hostKeys: [],
  foreignHostKeys: [],
  connectDeadlineSeconds: 1,
  instanceId: "4711",
  diskKeys: {},
  program: "nixos-anywhere",
  owner: { project: "pulumi-clan", stack: "burst" },
  secrets: null,
  power: "on",
  reportTo: "urn:pulumi:burst::pulumi-clan::clan:index:Machine::galena",
};
const installed: InstallationOutputs = {
  ...inputs,
  installed: "installed",
  machineId: "0123456789abcdef0123456789abcdef",
  wiped: ["/dev/sda"],
  seconds: 300,
};

describe("Installation", () => {
  it("accepts what a preview does not know yet, and refuses a machine without address", async () => {
    const news = { ...inputs, targetHost: unknownValue, instanceId: unknownValue };
    assert.deepEqual((await check({}, news)).failures, []);
    const [failure] = (await check({}, { ...inputs, targetHost: "?" })).failures ?? [];
    assert.equal(failure?.property, "targetHost");
  });

  it("is told with what is known: of a VM that is not there yet, or of a machine that does not answer", async () => {
    const unknown = { ...inputs, targetHost: unknownValue, instanceId: unknownValue };
    assert.deepEqual(await announcement(unknown), {
      level: "warning",
      message: "wipes /dev/sda of the new VM, unless it runs NixOS",
    });
    const { message } = await announcement({ ...inputs, reinstall: "4711" });
    assert.match(
      message,
      /^wipes \/dev\/sda of instance 4711, also if it is the NixOS 4711; it could not be looked at: \S/,
    );
  });

  it("is done once: neither another system, nor another disk layout, key or address wipes a disk", async () => {
    const other = parseStorePath(`/nix/store/${"3".repeat(32)}-other`);
    const news = {
      ...inputs,
      toplevel: other,
      disko: { ...inputs.disko, script: other, devices: ["/dev/sdb"] },
      targetHost: "root@192.0.2.15",
      program: "other",
    };
    assert.deepEqual(await diff("galena", installed, news), { changes: false });
  });

  it("is done again for another VM, whose disks are empty, and for the NixOS that is named", async () => {
    assert.deepEqual(await diff("galena", installed, { ...inputs, instanceId: "4712" }), { changes: true });
    assert.deepEqual(await diff("galena", installed, { ...inputs, reinstall: "4711" }), { changes: true });
    const named = { ...installed, reinstall: "4711" };
    assert.deepEqual(await diff("galena", named, { ...inputs, reinstall: "4711" }), { changes: false }, "once");
  });

  it("waits for a node that is off, and is done when it is on", async () => {
    const { outs } = await create({ ...inputs, power: "off" });
    assert.equal(outs?.installed, null);
    assert.deepEqual(await diff("galena", { ...installed, installed: null }, { ...inputs, power: "off" }), {
      changes: false,
    });
    assert.deepEqual(await diff("galena", { ...installed, installed: null }, inputs), { changes: true });
  });

  it("belongs to one machine", async () => {
    const news = { ...inputs, machine: "scheelite" };
    assert.deepEqual(await diff("galena", installed, news), { changes: true, replaces: ["machine"] });
  });
});
