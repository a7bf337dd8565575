import { createHash } from "node:crypto";
import type * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import type { GcpNodeModel } from "../clan/fleet-model.ts";
import { machineLabel } from "../clan/node-shape.ts";
import { type FirstLogin, firstLoginMetadata } from "./first-login.ts";

/** What a VM on Compute Engine is made of; units and defaults: docs/nodes.md. */
export interface GcpVm
  extends Pick<
      GcpNodeModel,
      "project" | "machineType" | "accelerators" | "diskSizeGb" | "image" | "onHostMaintenance" | "labels"
    >,
    Partial<Pick<GcpNodeModel, "deletionProtection">> {
  readonly machine: string;
  readonly power: "on" | "off";
  /** Absent: its system is a NixOS of this fleet, and says itself who may log in. */
  readonly firstLogin?: FirstLogin | undefined;
}

/** What is known of it only when other resources are there. */
export interface GcpVmSurroundings {
  readonly zone: pulumi.Input<string>;
  /** Reserved external address. */
  readonly natIp: pulumi.Input<string>;
  /** What it boots first; absent: what the VM that is there has booted. */
  readonly image?: pulumi.Input<string> | undefined;
  /** Absent: the VM calls Google's API as nobody. */
  readonly serviceAccount?: gcp.types.input.compute.InstanceServiceAccount | undefined;
}

/**
 * Nobody whom a firmware trusts has signed a NixOS' kernel. The other two are Google's defaults, stated because the three are
 * one setting: to change any of them Google stops the VM. An image of the fleet's own has no part in it: nixpkgs' boots by
 * BIOS, and Google takes the setting for UEFI images only.
 */
const shieldedInstanceConfig = { enableSecureBoot: false, enableVtpm: true, enableIntegrityMonitoring: true };

export function gcpVmArgs(
  vm: GcpVm,
  { zone, natIp, image, serviceAccount }: GcpVmSurroundings,
): gcp.compute.InstanceArgs {
  return {
    name: vm.machine,
    project: vm.project,
    zone,
    machineType: vm.machineType,
    tags: [vm.machine],
    labels: { ...vm.labels, [machineLabel]: vm.machine },
    bootDisk: { initializeParams: { size: vm.diskSizeGb, ...(image === undefined ? {} : { image }) } },
    networkInterfaces: [{ network: "default", accessConfigs: [{ natIp }] }],
    guestAccelerators: [...vm.accelerators],
    scheduling: { onHostMaintenance: vm.onHostMaintenance, automaticRestart: true },
    // Root's key would never arrive where OS Login is on, and a project-wide key is nobody's decision for this host.
    metadata: {
      "enable-oslogin": "FALSE",
      "block-project-ssh-keys": "TRUE",
      "enable-guest-attributes": "TRUE",
      ...(vm.firstLogin === undefined ? {} : firstLoginMetadata(vm.firstLogin)),
    },
    ...(typeof vm.image === "string" ? { shieldedInstanceConfig } : {}),
    deletionProtection: vm.deletionProtection ?? false,
    desiredStatus: vm.power === "on" ? "RUNNING" : "TERMINATED",
    allowStoppingForUpdate: true,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  };
}

/**
 * What of a VM's inputs changes nothing of it. What it booted first is no reason to take its disk away: another image is for
 * the next VM. And once it is installed, what its metadata had for the first login is not put back.
 */
export function ignoredOf({ firstLogin }: Pick<GcpVm, "firstLogin">): string[] {
  const image = "bootDisk.initializeParams.image";
  return firstLogin === undefined ? [image, 'metadata["ssh-keys"]', 'metadata["startup-script"]'] : [image];
}

/** Ids of service accounts have 6 to 30 characters. Source: IAM REST v1, projects.serviceAccounts.create. */
export function accountIdOf(machine: string): string {
  if (machine.length <= 25) return `${machine}-node`;
  return `${machine.slice(0, 16)}-${createHash("sha256").update(machine).digest("hex").slice(0, 8)}-node`;
}
