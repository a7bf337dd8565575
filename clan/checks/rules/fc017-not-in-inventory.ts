import { machineNames, misspeltMachines } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** Registered, but unknown to the inventory: no tags, no roles by them, no target host. */
export const notInInventory: Rule = {
  id: "FC017",
  title: "a registered machine that is not in the inventory",
  severities: ["error", "warning", "info"],
  text: {
    finds:
      "A registered machine without an inventory entry. Warning where every other machine (three at least) has one, info where some have. In an authored fleet it is an error.",
    silent: "clan gives it the tags `all` and its class, no target host, and no role that is given by another tag.",
    fix: "Add it to the inventory with its tags and target host.",
    example: "`clan.machines.galena` without `clan.inventory.machines.galena`",
  },
  errors: ["FLEET_MACHINE_NOT_IN_INVENTORY"],
  *check(context) {
    const { model, at } = context;
    const claimed = new Set(misspeltMachines(context).values());
    const names = machineNames(context);
    const listed = new Set(names.filter((name) => model.machines[name]?.inInventory === true));
    if (listed.size === 0) return;
    for (const name of names.filter((one) => !listed.has(one) && !claimed.has(one))) {
      const machine = model.machines[name];
      if (machine?.registered !== true) continue;
      yield {
        severity: listed.size >= 3 && listed.size === names.length - 1 ? "warning" : "info",
        subject: { kind: "machine", name },
        message: `${name} is registered, but not in the inventory: no tags of its own, no roles by them, no target host`,
        at: at(["clan", "machines", name]) ?? machine.definedAt,
        suggestion: `add clan.inventory.machines.${name}`,
      };
    }
  },
};
