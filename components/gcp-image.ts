import { createHash } from "node:crypto";
import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import type { SystemImage } from "../local-nix/image-evaluation.ts";
import { NodeImage } from "../providers/node-image.ts";

/** How the first system of a VM comes to be its image. */
export interface ImageOrder {
  /** null: the VM is there, and nothing is built for it any more. */
  readonly build: SystemImage | null;
  readonly owner: { readonly project: string; readonly stack: string };
  /** Whether the machine's own keys have come to the VM with a deployment. */
  readonly isDeployed: boolean;
}

export interface GcpImageArgs extends Omit<ImageOrder, "isDeployed"> {
  readonly machine: string;
  readonly project: string;
  /** Where bucket and image are kept. */
  readonly region: pulumi.Input<string>;
  readonly reportTo: pulumi.Input<string>;
}

/**
 * A machine's own system as an image of Compute Engine: built here, sent to a bucket, read from there.
 * Children of `parent`: `<name>-bucket`, `<name>-closure-image`, `<name>-image`. @returns link of the image.
 */
export function gcpImage(
  name: string,
  { machine, project, region, build, owner, reportTo }: GcpImageArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const bucket = new gcp.storage.Bucket(
    `${name}-bucket`,
    {
      name: bucketNameOf(project, machine),
      project,
      location: region,
      // A system's image holds no secrets, and is nobody else's concern either.
      publicAccessPrevention: "enforced",
      uniformBucketLevelAccess: true,
    },
    { parent },
  );
  const sent = { machine, bucket: bucket.name, build, owner: { ...owner }, reportTo };
  const { source } = new NodeImage(`${name}-closure-image`, sent, { parent });
  const image = new gcp.compute.Image(
    `${name}-image`,
    { name: `${machine.slice(0, 54)}-closure`, project, rawDisk: { source }, storageLocations: [region] },
    { parent },
  );
  return image.selfLink;
}

/** Names of buckets are 3 to 63 characters and everybody's. Source: Cloud Storage documentation, "About buckets". */
export function bucketNameOf(project: string, machine: string): string {
  const name = `${project}-${machine}-image`.replaceAll(/[.:]/g, "-");
  if (name.length <= 63) return name;
  return `${name.slice(0, 48)}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}-image`;
}
