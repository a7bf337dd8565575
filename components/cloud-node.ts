import type * as pulumi from "@pulumi/pulumi";
import type { NodeCost } from "../cloud/node-cost.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";

/** A VM under a machine, whichever cloud it is in: everything that a machine needs to know of it. */
export interface CloudNode extends pulumi.Resource {
  /** By which it is dialled, once the VM is there. It survives stop and start. */
  readonly address: pulumi.Output<string>;
  /** The cloud's own id of the VM; a new one means new disks. */
  readonly instanceId: pulumi.Output<string>;
  /** The keys that the VM's first system shows, asked of the cloud when this is called; none: it does not know them. */
  readonly guestHostKeys: (deadlineSeconds?: number) => pulumi.Output<readonly PinnedHostKey[]>;
  /**
   * Called once, by the machine: what the cloud gave for the first login is taken back. Absent: it gave nothing.
   * @param installed - whether the system is the fleet's own; known when that was tried.
   * @param opts - parent. A child of the node that waited for the machine would wait for itself.
   */
  readonly endFirstLogin?: (installed: pulumi.Output<boolean>, opts: pulumi.CustomResourceOptions) => void;
  /**
   * Whether its first system is the fleet's own and was not deployed to yet: an image holds no secrets, so the host key that
   * it shows is one that it made, and known to the cloud alone. Default: it is not.
   */
  readonly showsFirstKey?: boolean;
  /** `off`: stopped on purpose, its disk is kept. */
  readonly power: "on" | "off";
  /** In that power state. */
  readonly cost: NodeCost;
}

/** How a machine gets its node: whoever knows the cloud makes it, whoever deploys decides when and under which parent. */
export interface NodeOrder {
  readonly power: CloudNode["power"];
  readonly make: (name: string, opts: pulumi.ComponentResourceOptions) => CloudNode;
}
