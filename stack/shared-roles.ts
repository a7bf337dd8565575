import type { FleetModel } from "../clan/fleet-model.ts";

/** A machine of another stack that is in a service with one of ours. */
export interface SharedRole {
  readonly machine: string;
  readonly instance: string;
  /** The other machine's roles in it. */
  readonly roles: readonly string[];
}

/**
 * Service instances over which machines of two stacks depend on each other: who joins one may change what the others are,
 * as a controller that admits peers. In the model's order, each machine once for an instance.
 */
export function sharedRoles(
  { instances }: Pick<FleetModel, "instances">,
  ours: readonly string[],
  theirs: readonly string[],
): SharedRole[] {
  const own = new Set(ours);
  return Object.entries(instances).flatMap(([instance, { roles }]) => {
    const members = Object.entries(roles);
    if (!members.some(([, role]) => role.members.some((machine) => own.has(machine)))) return [];
    return theirs.flatMap((machine) => {
      const held = members.filter(([, role]) => role.members.includes(machine)).map(([name]) => name);
      return held.length === 0 ? [] : [{ machine, instance, roles: held }];
    });
  });
}
