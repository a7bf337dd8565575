import type * as pulumi from "@pulumi/pulumi";

/**
 * A component's URN without what an output carries along: an output of a component depends on all its children, so that one of
 * them that took it would wait for itself (seen with @pulumi/pulumi 3.270).
 */
export function nameAlone(component: pulumi.ComponentResource): Promise<string> {
  return new Promise((resolve) => component.urn.apply(resolve));
}
