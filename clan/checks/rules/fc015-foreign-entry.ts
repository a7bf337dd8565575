import { machineOfEntry, splitEntry } from "../entries.ts";
import type { Rule } from "../rule.ts";

/** The registry builds a machine from another machine's entry. */
export const foreignEntry: Rule = {
  id: "FC015",
  title: "a machine built from another machine's entry",
  severities: ["error", "warning"],
  text: {
    finds:
      "A machine whose registry imports the entry of another machine. Error where its own entry exists and is not imported, warning otherwise.",
    silent: "Every name exists, so nothing objects, and the host becomes a second copy of the other machine.",
    fix: "Import the machine's own entry. What two machines share belongs into an entry of another name.",
    example: '`electrum.imports = [ nixos."machines/nixos/galena" ]`',
  },
  *check({ model, at }) {
    for (const [machine, { imports, definedAt }] of Object.entries(model.machines)) {
      for (const name of imports) {
        const { class: className, entry } = splitEntry(name);
        const other = machineOfEntry(entry);
        if (other === undefined || other === machine || !Object.hasOwn(model.machines, other)) continue;
        const own = `${entry.slice(0, -other.length)}${machine}`;
        const exported = Object.hasOwn(model.namespaces[className] ?? {}, own);
        yield {
          severity: exported && !imports.includes(`${className}/${own}`) ? "error" : "warning",
          subject: { kind: "machine", name: machine },
          message: `the registry builds ${machine} from ${name}, the entry of ${other}`,
          at: at(["clan", "machines", machine, "imports"]) ?? definedAt,
          suggestion: exported ? `import ${className}/${own}` : `define ${className}/${own} and import it`,
        };
      }
    }
  },
};
