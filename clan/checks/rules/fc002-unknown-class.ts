import { meantClass } from "../entries.ts";
import type { Rule } from "../rule.ts";

/** A namespace of a class that nothing evaluates: its bodies reach no machine. */
export const unknownClass: Rule = {
  id: "FC002",
  title: "a mistyped class",
  severities: ["warning"],
  text: {
    finds: "Entries of a class that nothing evaluates and whose name is nearly that of a class that something does.",
    silent: "Classes are open: `flake.modules.nixso` is a new class, and its bodies belong to no system.",
    fix: "Write the class that was meant. A class of your own needs no change as long as its name is no near miss.",
    example: "`flake.modules.nixxos.base = { … }`",
  },
  *check({ model, entries }) {
    for (const [className, defined] of Object.entries(model.namespaces)) {
      const meant = meantClass(className);
      const names = Object.keys(defined);
      if (meant === undefined || Object.values(defined).some(({ importedBy }) => importedBy.length > 0)) continue;
      const [first = ""] = names;
      yield {
        severity: "warning",
        subject: { kind: "class", name: className },
        message: `nothing evaluates modules of class ${className}, so ${list(names)} reaches no machine`,
        at: entries.get(`${className}/${first}`)?.definitions[0] ?? null,
        suggestion: `write "${meant}"`,
      };
    }
  },
};

function list(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}
