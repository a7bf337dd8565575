import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps a resource's failure on the resource. With --continue-on-error every output of a failed resource is rejected;
 * each one that nobody waits for then ends the program with an exception of its own, beside the resource's error
 * (seen with engine 3.250, SDK 3.270).
 */
export function tolerateFailure(resource: pulumi.Resource): void {
  for (const value of Object.values(resource)) {
    if (pulumi.Output.isInstance(value)) pulumi.recover<unknown>(value, () => null);
  }
}
