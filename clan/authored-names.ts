import type { NamesOf, OpenName } from "../composition/fleet-names.ts";

/** Names of the fleet's machines, as `fleet.d.ts` has them; text without that file. */
export type MachineName = NamesOf<"machines", string> & string;

/** Tags that machines carry, those that clan computes among them. */
export type TagName = NamesOf<"tags", string> & string;

type Instances = NamesOf<"instances", Readonly<Record<string, string>>>;

/** Names of service instances. */
export type InstanceName = keyof Instances & string;

/** Roles of a service instance. */
export type RoleName<Instance extends InstanceName = InstanceName> = Instances[Instance] & string;

/** An attribute for each name that is known, and any other beside them. */
export type Named<Known extends string, Value> = { readonly [Name in Known]?: Value } & {
  readonly [name: string]: Value | undefined;
};

export type { OpenName };
