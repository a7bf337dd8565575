import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps a resource's failure on the resource. With --continue-on-error every output of a failed resource is rejected;
 * each one that nobody waits for then ends the program with an exception of its own, beside the resource's error
 * (seen with engine 3.250, SDK 3.270).
 */
export function tolerateFailure(resource: pulumi.Resource): void {
  // Only then: a resource has thirty outputs, and recovering one takes the SDK twenty promises that live as long as the run,
  // which was half of the program's memory with a thousand machines. Its name is rejected first, and whoever waits for that is
  // called before Node looks for what nobody waits for.
  pulumi.recover<unknown>(resource.urn, () => {
    for (const value of Object.values(resource)) {
      if (pulumi.Output.isInstance(value)) pulumi.recover<unknown>(value, () => null);
    }
    return null;
  });
}

/**
 * When a resource has been made, changed or left as it is, or has failed: the program is told either with
 * --continue-on-error, and without it the engine ends with the failure. A preview knows it, too, and so does an update that
 * does not target the resource (seen with engine 3.250, SDK 3.270).
 */
export function endOf(resource: pulumi.Resource): Promise<"done" | "failed"> {
  const end = pulumi.recover<"done" | "failed">(
    resource.urn.apply(() => "done" as const),
    () => "failed" as const,
  );
  return new Promise((resolve) => end.apply(resolve));
}
