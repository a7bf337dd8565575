import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** A service has nothing for the class of some of its members. */
export const classWithoutModule: Rule = {
  id: "FC026",
  title: "a service without a module for some members' class",
  severities: ["warning", "info"],
  text: {
    finds:
      "A service of the fleet whose members include machines of a class for which it brings nothing. Warning where such a machine is named itself, info where a tag brings it.",
    silent: "clan leaves the members out of whom the service knows nothing.",
    fix: "Give the service an entry of that class, or of class generic, or give the role to a narrower tag.",
    example: "a nixos-only service whose role is given to tag `all` in a fleet with Macs",
  },
  *check({ model, services, at }) {
    for (const [instance, { roles, definedAt }] of Object.entries(model.instances)) {
      const classes = services.get(instance)?.classes;
      if (classes === undefined || classes.size === 0 || classes.has("generic")) continue;
      const lacks = (name: string): boolean => {
        const machine = machineOf(model, name);
        return machine !== undefined && !classes.has(machine.class);
      };
      const members = [...new Set(Object.values(roles).flatMap((role) => role.members))].filter(lacks);
      if (members.length === 0) continue;
      const named = Object.entries(roles).flatMap(([role, { machines }]) =>
        machines.filter(lacks).map((machine) => ({ role, machine })),
      );
      const [first] = named;
      yield {
        severity: first === undefined ? "info" : "warning",
        subject: { kind: "instance", name: instance },
        message: `${instance} has modules for ${[...classes].join(", ")} only, so its members ${members.join(", ")} get nothing`,
        at:
          first === undefined
            ? definedAt
            : (at(["clan", "inventory", "instances", instance, "roles", first.role, "machines", first.machine]) ??
              definedAt),
        suggestion:
          first === undefined
            ? "give the role to the tag of one class"
            : `remove ${first.machine}, or add a module of its class`,
      };
    }
  },
};
