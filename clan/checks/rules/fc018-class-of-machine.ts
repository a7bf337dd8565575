import { splitEntry } from "../entries.ts";
import type { Rule } from "../rule.ts";

/** A machine's class contradicts its platform or what it imports. */
export const classOfMachine: Rule = {
  id: "FC018",
  title: "a machine whose class contradicts what builds it",
  severities: ["error"],
  text: {
    finds: "A machine of one class that imports entries of the other class, or whose platform belongs to the other.",
    silent: "A Mac that is not in the inventory gets clan's default class nixos; Nix then blames the module.",
    fix: "Set `machineClass`, or correct the platform or the import.",
    example: '`machineClass` left out for a machine with `hostPlatform = "aarch64-darwin"`',
  },
  errors: ["FLEET_MACHINE_CLASS"],
  *check({ model, at }) {
    for (const [name, machine] of Object.entries(model.machines)) {
      const other = machine.class === "nixos" ? "darwin" : "nixos";
      const foreign = machine.imports.filter((entry) => splitEntry(entry).class === other);
      const platform =
        machine.system === null ? machine.class : machine.system.endsWith("-darwin") ? "darwin" : "nixos";
      if (foreign.length === 0 && platform === machine.class) continue;
      const why = foreign.length > 0 ? `imports ${foreign.join(", ")}` : `is built for ${machine.system}`;
      yield {
        severity: "error",
        subject: { kind: "machine", name },
        message: `${name} is of class ${machine.class}, but ${why}`,
        at: at(["clan", "inventory", "machines", name, "machineClass"]) ?? machine.definedAt,
        suggestion: `set clan.inventory.machines.${name}.machineClass to "${other}"`,
      };
    }
  },
};
