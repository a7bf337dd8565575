import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { GcpNodeModel } from "../clan/fleet-model.ts";
import { nodeCost, pricesOf, renderCost } from "../cloud/gcp/prices.ts";
import type { NodeCost } from "../cloud/node-cost.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";
import { Placement } from "../providers/placement.ts";
import type { CloudNode } from "./cloud-node.ts";
import { readGuestHostKeys } from "./guest-host-keys.ts";
import { nameAlone } from "./name-alone.ts";

export interface GcpNodeArgs extends Omit<GcpNodeModel, "kind" | "definedAt"> {
  /** The machine that runs on it; also the VM's name. */
  readonly machine: string;
  /** `off` stops the VM and keeps its disk. */
  readonly power: "on" | "off";
  /** Named by the stack: taken as it is, without looking for room. Default: the first of `zones` that has some. */
  readonly zone?: string | undefined;
}

/**
 * A Compute Engine VM under a machine: its zone, address, firewall and the VM itself.
 * Children: `<name>-placement`, `<name>-address`, `<name>-ssh` (22/tcp, where sources are named), `<name>-zerotier` (9993/udp), `<name>-vm`.
 */
export class GcpNode extends pulumi.ComponentResource implements CloudNode {
  /** External IPv4 address; reserved, so it survives stop and start. */
  declare readonly address: pulumi.Output<string>;
  /** Google's own number of the VM; a new one means new disks. */
  declare readonly instanceId: pulumi.Output<string>;
  /** The keys that the VM's first system shows, asked for when this is called. Default: for up to 240 s. */
  readonly guestHostKeys: (deadlineSeconds?: number) => pulumi.Output<readonly PinnedHostKey[]>;
  readonly power: "on" | "off";
  /** In that power state, by list prices. */
  readonly cost: NodeCost;

  constructor(name: string, args: GcpNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const cost = nodeCost(args, args.power);
    super("clan:gcp:Node", name, { ...args, cost }, opts); // a preview shows what of it changes
    this.power = args.power;
    this.cost = cost;
    if (pulumi.runtime.isDryRun()) void pulumi.log.info(costLine(args), this);
    const parent = { parent: this };
    const { machine, project, machineType, accelerators } = args;
    const shape = { machineType, accelerators: [...accelerators] };
    const place = { machine, project, zones: [...args.zones], zone: args.zone ?? null, ...shape };
    const { placedIn: zone } = new Placement(`${name}-placement`, { ...place, reportTo: nameAlone(this) }, parent);

    const address = new gcp.compute.Address(
      `${name}-address`,
      { name: machine, project, region: regionIn(args, zone) },
      parent,
    );
    const reachable = { project, network: "default", targetTags: [machine] };
    // None named: no rule, and the network's implied one denies. A rule without sources is refused, or open to all.
    // Source: @pulumi/gcp 9.37, compute/firewall.d.ts, sourceRanges; Compute Engine REST reference, firewalls.
    if (args.sshSources.length > 0) {
      new gcp.compute.Firewall(
        `${name}-ssh`,
        {
          ...reachable,
          name: `${machine}-ssh`,
          sourceRanges: [...args.sshSources],
          allows: [{ protocol: "tcp", ports: ["22"] }],
        },
        parent,
      );
    }
    new gcp.compute.Firewall(
      `${name}-zerotier`,
      {
        ...reachable,
        name: `${machine}-zerotier`,
        sourceRanges: ["0.0.0.0/0"],
        allows: [{ protocol: "udp", ports: ["9993"] }],
      },
      parent,
    );
    const vm = new gcp.compute.Instance(`${name}-vm`, vmArgs(args, zone, address.address), parent);

    // The VM's own word: known only when the VM is there, so whoever dials it waits for the VM and not for the address.
    this.address = pulumi
      .all([vm.networkInterfaces, address.address])
      .apply(([interfaces, reserved]) => interfaces[0]?.accessConfigs?.[0]?.natIp ?? reserved);
    this.instanceId = vm.instanceId;
    this.guestHostKeys = (deadlineSeconds) =>
      pulumi.all([vm.project, vm.zone, vm.name]).apply(([project_, zone_, name_]) => {
        return readGuestHostKeys({ project: project_, zone: zone_, name: name_ }, this, { deadlineSeconds });
      });
    this.registerOutputs({ address: this.address, instanceId: this.instanceId });
  }
}

function costLine(args: GcpNodeArgs): string {
  const [now, other] = args.power === "on" ? (["on", "off"] as const) : (["off", "on"] as const);
  const of = (power: "on" | "off"): string => renderCost(nodeCost(args, power));
  return `${now}: ${of(now)}; ${other}: ${of(other)} (list prices of ${pricesOf})`;
}

/** Known before the zone is, where all candidates are in one region. */
function regionIn({ zones, zone }: GcpNodeArgs, placedIn: pulumi.Output<string>): pulumi.Input<string> {
  const [region = "", ...others] = new Set((zone === undefined ? zones : [zone]).map(regionOf));
  return others.length === 0 ? region : placedIn.apply(regionOf);
}

function vmArgs(args: GcpNodeArgs, zone: pulumi.Input<string>, natIp: pulumi.Input<string>): gcp.compute.InstanceArgs {
  return {
    name: args.machine,
    project: args.project,
    zone,
    machineType: args.machineType,
    tags: [args.machine],
    labels: { ...args.labels, "pulumi-clan-machine": args.machine },
    bootDisk: { initializeParams: { image: args.image, size: args.diskSizeGb } },
    networkInterfaces: [{ network: "default", accessConfigs: [{ natIp }] }],
    guestAccelerators: [...args.accelerators],
    scheduling: { onHostMaintenance: args.onHostMaintenance, automaticRestart: true },
    // Root's key would never arrive where OS Login is on, and a project-wide key is nobody's decision for this host.
    metadata: { "enable-oslogin": "FALSE", "block-project-ssh-keys": "TRUE", "enable-guest-attributes": "TRUE" },
    desiredStatus: args.power === "on" ? "RUNNING" : "TERMINATED",
    allowStoppingForUpdate: true,
  };
}

/** `us-central1-b` is in `us-central1`. Source: Compute Engine documentation, "Regions and zones". */
export function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, "");
}
