import { splitEntry } from "../entries.ts";
import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** The registry names an entry that no file defines, or nothing at all. */
export const registryEntry: Rule = {
  id: "FC007",
  title: "an import of an entry that does not exist",
  severities: ["error"],
  text: {
    finds: "A registry entry, an import or a home that names an entry which no file defines.",
    silent: "Nix says so only when that machine is evaluated; names, inventory and services all pass.",
    fix: "Correct the name, or define the entry.",
    example: '`clan.machines.galena.imports = [ nixos."machines/nixos/galean" ]`',
  },
  errors: ["FLEET_UNKNOWN_ENTRY", "FLEET_REGISTRY_ENTRY"],
  *check({ model, at }) {
    for (const [machine, { imports, definedAt }] of Object.entries(model.machines)) {
      for (const name of imports) {
        const { class: className, entry } = splitEntry(name);
        const known = model.namespaces[className] ?? {};
        if (Object.hasOwn(known, entry)) continue;
        const near = nearestOf(entry, Object.keys(known));
        yield {
          severity: "error",
          subject: { kind: "machine", name: machine },
          message: `the registry builds ${machine} from ${name}, which no file defines`,
          at: at(["clan", "machines", machine, "imports"]) ?? definedAt,
          suggestion: near === undefined ? `define ${name}, or correct the name` : `write "${near}"`,
        };
      }
    }
  },
};
