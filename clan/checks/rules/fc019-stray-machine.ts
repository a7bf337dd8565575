import type { Rule } from "../rule.ts";

/** clan knows a machine from a leftover alone, and joins it to every service of tag `all`. */
export const strayMachine: Rule = {
  id: "FC019",
  title: "a machine that only a leftover makes",
  severities: ["warning", "info"],
  text: {
    finds:
      "A folder `machines/<name>/` without configuration.nix, or a name in inventory.json, that neither registry nor inventory has, in a fleet whose machines are registered. Info for a folder with a configuration that the registry of an authored fleet does not have.",
    silent:
      "clan makes a machine of every such folder and name: one more system, a member of every role that is given to tag `all` or its class.",
    fix: "Delete the folder or the name, or register the machine.",
    example: "`machines/ghost/facter.json` after ghost was removed from the registry",
  },
  *check({ model, tree }) {
    if (tree === null || !Object.values(model.machines).some(({ registered }) => registered)) return;
    const known = new Set(
      Object.entries(model.machines).flatMap(([name, { registered, inInventory, imports }]) =>
        registered || imports.length > 0 || (inInventory && !tree.inventoryJson.includes(name)) ? [name] : [],
      ),
    );
    for (const [name, { hasConfiguration }] of tree.machineFolders) {
      if (known.has(name)) continue;
      // A folder with a configuration is clan's own way to have a machine; where the model has it, all is well.
      if (hasConfiguration && Object.hasOwn(model.machines, name)) continue;
      yield {
        severity: hasConfiguration ? "info" : "warning",
        subject: { kind: "machine", name },
        message: hasConfiguration
          ? `clan makes ${name} from machines/${name}, which the registry does not have: it is not deployed from here`
          : `only the folder machines/${name} makes ${name} a machine: without a configuration, yet in every role of tag all`,
        at: { file: `machines/${name}` },
        suggestion: hasConfiguration ? `register ${name}` : `delete machines/${name}, or register ${name}`,
      };
    }
    for (const name of tree.inventoryJson.filter((one) => !known.has(one) && !tree.machineFolders.has(one))) {
      yield {
        severity: "warning",
        subject: { kind: "machine", name },
        message: `only inventory.json makes ${name} a machine: without a configuration, yet in every role of tag all`,
        at: { file: "inventory.json" },
        suggestion: `delete ${name} from inventory.json, or register it`,
      };
    }
  },
};
