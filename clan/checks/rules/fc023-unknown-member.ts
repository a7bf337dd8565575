import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** A role names a machine that does not exist. */
export const unknownMember: Rule = {
  id: "FC023",
  title: "a role given to a machine that does not exist",
  severities: ["error"],
  text: {
    finds: "A role whose member by name is no machine of the fleet.",
    silent: "clan accepts the name; it even satisfies a service that wants one member at least.",
    fix: "Write the machine's name, or remove the member.",
    example: "`roles.controller.machines.cinabar = { }`",
  },
  errors: ["FLEET_UNKNOWN_MACHINE"],
  *check({ model, at }) {
    const machines = new Set(Object.keys(model.machines));
    for (const [instance, { roles, definedAt }] of Object.entries(model.instances)) {
      for (const [role, { machines: named }] of Object.entries(roles)) {
        for (const machine of named.filter((name) => !machines.has(name))) {
          const meant = nearestOf(machine, machines);
          yield {
            severity: "error",
            subject: { kind: "role", name: `${instance}/${role}` },
            message: `role ${instance}/${role} is given to ${machine}, which is no machine of the fleet`,
            at: at(["clan", "inventory", "instances", instance, "roles", role, "machines", machine]) ?? definedAt,
            suggestion: meant === undefined ? `add ${machine}, or remove it here` : `write "${meant}"`,
          };
        }
      }
    }
  },
};
