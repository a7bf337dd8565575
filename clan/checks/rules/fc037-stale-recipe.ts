import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** A recipe or CI file builds a machine that does not exist. */
export const staleRecipe: Rule = {
  id: "FC037",
  title: "a recipe for a machine that does not exist",
  severities: ["warning", "info"],
  text: {
    finds:
      "`#nixosConfigurations.<name>` or `#darwinConfigurations.<name>` of no machine in a justfile, Makefile or CI file. Warning where a machine has nearly that name.",
    silent: "Nobody evaluates a recipe until somebody runs it; in a CI matrix it fails, or is skipped, for ever.",
    fix: "Write the machine's name, or delete the recipe.",
    example: "`nix build .#nixosConfigurations.galean.config.system.build.toplevel` in a justfile",
  },
  *check({ model, tree }) {
    const machines = Object.keys(model.machines);
    for (const { file, line, machine } of tree?.recipes ?? []) {
      if (machines.includes(machine)) continue;
      const meant = nearestOf(machine, machines);
      yield {
        severity: meant === undefined ? "info" : "warning",
        subject: { kind: "file", name: file },
        message: `${file} builds ${machine}, which is no machine of the fleet`,
        at: { file, line },
        suggestion: meant === undefined ? "delete the recipe" : `write "${meant}"`,
      };
    }
  },
};
