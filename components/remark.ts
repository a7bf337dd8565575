/** A warning about a part of the fleet, for the resource that stands for it. */
export interface Remark {
  /** Machines, instances and roles (`<instance>/<role>`) have a resource; everything else concerns the fleet. */
  readonly subject: { readonly kind: string; readonly name: string };
  readonly text: string;
}
