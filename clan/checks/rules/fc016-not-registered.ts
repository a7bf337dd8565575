import { bodiless, misspeltMachines } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** In the inventory, perhaps exported, and built of nothing. */
export const notRegistered: Rule = {
  id: "FC016",
  title: "a machine that nothing builds",
  severities: ["error", "warning"],
  text: {
    finds:
      "A machine of the inventory that the registry does not have and that has no folder with a configuration. Error where an entry for it is exported.",
    silent: "clan makes a system of its own modules and the services alone, and deploys it.",
    fix: "Register the machine with its entry, or take it out of the inventory.",
    example: "`clan.inventory.machines.galena` without `clan.machines.galena`",
  },
  errors: ["FLEET_MACHINE_NOT_REGISTERED"],
  *check(context) {
    const { model, at } = context;
    const claimed = misspeltMachines(context);
    for (const machine of bodiless(context)) {
      const stated = model.machines[machine];
      if (claimed.has(machine) || stated?.inInventory !== true) continue;
      const exported = Object.entries(model.namespaces).flatMap(([className, entries]) =>
        Object.keys(entries).flatMap((entry) =>
          new RegExp(`^machines/(?:[^/]+/)?${machine}$`).test(entry) ? [`${className}/${entry}`] : [],
        ),
      );
      yield {
        severity: exported.length > 0 ? "error" : "warning",
        subject: { kind: "machine", name: machine },
        message:
          exported.length > 0
            ? `${machine} is in the inventory and ${exported.join(", ")} is exported, but the registry does not import it`
            : `${machine} is in the inventory, but nothing says what builds it`,
        at: at(["clan", "inventory", "machines", machine]) ?? stated.definedAt,
        suggestion:
          exported.length > 0 ? `register ${machine} with ${exported[0]}` : `register ${machine}, or remove it`,
      };
    }
  },
};
