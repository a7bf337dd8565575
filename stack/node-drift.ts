import type { SeenInstance } from "../cloud/gcp/compute-api.ts";
import type { Ending } from "../cloud/gcp/instance-events.ts";
import type { KnownNode } from "./known-nodes.ts";

/** How the VM under a machine differs from what the stack left. */
export interface NodeDrift {
  readonly ending: Ending;
  /** Told of the VM. @param how - who did it, where that is known. */
  readonly render: (how: string | undefined) => string;
}

/** What the stack wants of the node. */
export interface WantedNode {
  readonly power: "on" | "off";
  /** A new VM is made a NixOS by this stack. */
  readonly isInstalledHere: boolean;
}

/** Off, or on its way there. Source: Compute Engine REST v1, `status` of an instance. */
const offStatuses = ["TERMINATED", "STOPPING", "SUSPENDING", "SUSPENDED"];

/**
 * Without --refresh Pulumi asks no cloud, and would show nothing of a VM that somebody stopped or deleted: what then happens
 * is said here.
 * @param known - by the stack's state. @param seen - undefined: Google has no such VM. @returns undefined: it is as it was left.
 */
export function nodeDrift(
  { zone, diskSizeGb, instanceId, isOff }: KnownNode,
  seen: SeenInstance | undefined,
  { power, isInstalledHere }: WantedNode,
): NodeDrift | undefined {
  const disk = diskSizeGb === undefined ? "its disk" : `its disk of ${diskSizeGb} GB`;
  const after = isInstalledHere ? "and installs it" : "and deploys to it";
  const create = `\`pulumi up --refresh\` makes a new one ${after}; without --refresh Pulumi goes by its state and finds nobody`;
  if (seen === undefined)
    return {
      ending: "gone",
      render: (how = "deleted outside this stack") => `its VM in ${zone} is gone with ${disk}: ${how}; ${create}`,
    };
  if (instanceId !== undefined && seen.id !== instanceId)
    return {
      ending: "gone",
      render: (how = "deleted outside this stack") =>
        `its VM ${instanceId} in ${zone} is gone with ${disk}: ${how}; in its place is another, ${seen.id}: ` +
        `\`pulumi up --refresh\` takes that one ${after}`,
    };
  const runsOff = offStatuses.includes(seen.status);
  // What the state knows itself, Pulumi shows and does.
  if (power === "on" && runsOff && !isOff)
    return {
      ending: "off",
      render: (how = "stopped by hand, or by Google") =>
        `its VM in ${zone} is ${seen.status}, its disk is kept: ${how}; \`pulumi up --refresh\` starts it; ` +
        "without --refresh Pulumi goes by its state and leaves it off",
    };
  if (power === "off" && !runsOff && isOff)
    return {
      ending: "on",
      render: (how = "started outside this stack") =>
        `its VM in ${zone} is ${seen.status} and costs: ${how}; \`pulumi up --refresh\` stops it`,
    };
  return undefined;
}
