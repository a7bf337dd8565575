import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { GcpNodeModel } from "../clan/fleet-model.ts";
import { PlacementError } from "../cloud/gcp/errors.ts";
import { shapeOf } from "../cloud/gcp/place-node.ts";
import { nodeCost, pricesOf, renderCost } from "../cloud/gcp/prices.ts";
import type { NodeCost } from "../cloud/node-cost.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";
import { FirstLoginEnd } from "../providers/first-login.ts";
import { Placement } from "../providers/placement.ts";
import type { CloudNode } from "./cloud-node.ts";
import { awaitOpenDoor, type FirstLogin } from "./first-login.ts";
import { gcpImage, type ImageOrder } from "./gcp-image.ts";
import { accountIdOf, type GcpVmSurroundings, gcpVmArgs, ignoredOf } from "./gcp-vm-args.ts";
import { readGuestHostKeys } from "./guest-host-keys.ts";
import { nameAlone } from "./name-alone.ts";
import { tolerateFailure } from "./tolerate-failure.ts";

type Optional = "serviceAccount" | "deletionProtection";

/** Each key's unit and default, and what a change of it costs: docs/nodes.md. */
export interface GcpNodeArgs
  extends Omit<GcpNodeModel, "kind" | "definedAt" | Optional>,
    Partial<Pick<GcpNodeModel, Optional>> {
  /** The machine that runs on it; also the VM's name. */
  readonly machine: string;
  /** `off` stops the VM and keeps its disk. */
  readonly power: "on" | "off";
  /** Named by the stack: taken as it is, without looking for room. Default: the first of `zones` that has some. */
  readonly zone?: string | undefined;
  /** The zone in which its VM was seen to be off. To start it Google needs room there, for there is its disk. */
  readonly stoppedIn?: string | undefined;
  /** Until its system is a NixOS of this fleet: who may log in to the one that its image brings. */
  readonly firstLogin?: FirstLogin | undefined;
  /** With an image from the machine's own system; absent: its VM is there and booted another one. */
  readonly imageOrder?: ImageOrder | undefined;
}

/**
 * A Compute Engine VM under a machine: its zone, address, firewall and the VM itself.
 * Children: `<name>-placement`, `<name>-address`, `<name>-ssh` (22/tcp, where sources are named), `<name>-zerotier` (9993/udp),
 * `<name>-bucket`, `<name>-closure-image`, `<name>-image` (an image from its own system), `<name>-account` (a service account of its own, where one is asked for), `<name>-vm`. Of the machine: `<machine>-first-login`.
 */
export class GcpNode extends pulumi.ComponentResource implements CloudNode {
  /** External IPv4 address; reserved, so it survives stop and start. */
  declare readonly address: pulumi.Output<string>;
  /** Google's own number of the VM; a new one means new disks. */
  declare readonly instanceId: pulumi.Output<string>;
  /** The keys that the VM's first system shows, asked for when this is called. Default: for up to 240 s. */
  readonly guestHostKeys: (deadlineSeconds?: number) => pulumi.Output<readonly PinnedHostKey[]>;
  /** Called once, by the machine: takes back what Google gave for the first login. */
  readonly endFirstLogin: (installed: pulumi.Output<boolean>, opts: pulumi.CustomResourceOptions) => void;
  /** Its first system is the fleet's own, and was not deployed to yet: it shows a key that it made. */
  readonly showsFirstKey: boolean;
  /** `off`: stopped on purpose, its disk is kept. */
  readonly power: "on" | "off";
  /** In that power state, by list prices. */
  readonly cost: NodeCost;

  constructor(name: string, args: GcpNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const cost = nodeCost(args, args.power);
    const { stoppedIn, firstLogin, imageOrder, ...stated } = args;
    super("clan:gcp:Node", name, { ...stated, cost }, opts); // a preview shows what of it changes
    this.showsFirstKey = imageOrder?.isDeployed === false;
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
    const serviceAccount = this.#account(name, args);
    const image = this.#image(name, args, address.region);
    const surroundings = { zone, natIp: address.address, image, serviceAccount };
    const vm = new gcp.compute.Instance(`${name}-vm`, gcpVmArgs(args, surroundings), {
      ...parent,
      ignoreChanges: ignoredOf(args),
    });

    if (stoppedIn !== undefined && args.power === "on") this.#tellStart(vm, args, stoppedIn);

    // The VM's own word: known only when the VM is there, so whoever dials it waits for the VM and not for the address.
    this.address = pulumi
      .all([vm.networkInterfaces, address.address])
      .apply(([interfaces, reserved]) => interfaces[0]?.accessConfigs?.[0]?.natIp ?? reserved);
    this.instanceId = vm.instanceId;
    this.guestHostKeys = (deadlineSeconds) =>
      pulumi.all([vm.project, vm.zone, vm.name]).apply(async ([project_, zone_, name_]) => {
        const named = { project: project_, zone: zone_, name: name_ };
        const keys = await readGuestHostKeys(named, this, { deadlineSeconds });
        if (keys.length > 0 && firstLogin?.user === "root" && firstLogin.keys.length > 0)
          await awaitOpenDoor(named, this);
        return keys;
      });
    this.endFirstLogin = (installed, order) => {
      const end = { machine, project, zone: vm.zone, instanceId: vm.instanceId, installed, reportTo: nameAlone(this) };
      tolerateFailure(new FirstLoginEnd(`${machine}-first-login`, end, { ...order, deletedWith: vm }));
    };
    this.registerOutputs({ address: this.address, instanceId: this.instanceId });
  }

  #image(name: string, { image, imageOrder, machine, project }: GcpNodeArgs, region: pulumi.Input<string>) {
    if (typeof image === "string") return image;
    if (imageOrder === undefined) return undefined;
    return gcpImage(name, { ...imageOrder, machine, project, region, reportTo: nameAlone(this) }, this);
  }

  /**
   * A VM whose zone has no room now is not started: Pulumi shows Google's words alone, and an owner at night should not
   * think that it was moved, nor move it.
   */
  #tellStart(vm: gcp.compute.Instance, args: GcpNodeArgs, zone: string): void {
    const start = `${args.machine} can start in ${zone} alone, where its disk is`;
    if (pulumi.runtime.isDryRun())
      void pulumi.log.info(`${start}: without room there the start fails, and it is not moved`, this);
    pulumi.recover<unknown>(vm.instanceId, async () => {
      await pulumi.log.error(notStarted(args, zone).message, this);
      return null;
    });
  }

  /** One that is there, one that is made for this VM alone, or none. What it may do is granted elsewhere. */
  #account(name: string, { machine, project, serviceAccount }: GcpNodeArgs): GcpVmSurroundings["serviceAccount"] {
    if (serviceAccount == null) return undefined;
    const scopes = [...serviceAccount.scopes];
    if (serviceAccount.email !== null) return { email: serviceAccount.email, scopes };
    const inputs = { accountId: accountIdOf(machine), project, displayName: `VM of ${machine}` };
    const { email } = new gcp.serviceaccount.Account(`${name}-account`, inputs, { parent: this });
    return { email, scopes };
  }
}

function notStarted({ machine, project, machineType, accelerators }: GcpNodeArgs, zone: string): PlacementError {
  return new PlacementError({
    summary: `${machine}: its VM was not started, and it was not moved`,
    expected: `room for ${shapeOf({ machineType, accelerators })} in ${zone}, the only zone that has its disk`,
    found: "what Google says of the VM above; ZONE_RESOURCE_POOL_EXHAUSTED: no room there now",
    at: `projects/${project}/zones/${zone}/instances/${machine}`,
    fix: `\`pulumi up\` again later; or another machineType in the same zone; or, from nothing, other zones and confirmDestroy: ${machine}`,
  });
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

/** `us-central1-b` is in `us-central1`. Source: Compute Engine documentation, "Regions and zones". */
export function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, "");
}
