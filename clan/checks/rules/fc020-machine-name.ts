import { machineOf, misspeltMachines } from "../machines.ts";
import type { Report, Rule } from "../rule.ts";

/** Registry and inventory spell one machine differently: one system without tags, one without a body. */
export const machineName: Rule = {
  id: "FC020",
  title: "a machine that registry and inventory spell differently",
  severities: ["error"],
  text: {
    finds:
      "A machine of the inventory that nothing builds, and a registered one of nearly its name that the inventory lacks.",
    silent: "clan makes two machines of them: one has a body and no tags, the other has tags and no body.",
    fix: "Write the same name in both.",
    example: "`clan.inventory.machines.galenna` and `clan.machines.galena`",
  },
  *check(context) {
    const { model } = context;
    for (const [name, meant] of misspeltMachines(context)) {
      const at = context.at(["clan", "inventory", "machines", name]) ?? machineOf(model, name)?.definedAt ?? null;
      yield spelledDifferently(name, meant, at);
    }
  },
};

/** @param name - in the inventory. @param meant - in the registry. */
export function spelledDifferently(name: string, meant: string, at: Report["at"]): Report {
  return {
    severity: "error",
    subject: { kind: "machine", name },
    message: `the inventory says ${name}, the registry ${meant}: one has no body, the other no tags and no address`,
    at,
    suggestion: `write "${meant}"`,
  };
}
