import { machineOfEntry, machineOfFile, splitEntry, strayEntries } from "../entries.ts";
import { isNear } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** One of a machine's files exports to a mistyped key; the machine's other files keep the right key alive. */
export const machineKey: Rule = {
  id: "FC006",
  title: "a part of a machine under a mistyped key",
  severities: ["error", "warning"],
  text: {
    finds:
      "An entry `machines/<class>/<name>` that nobody imports, whose name is no machine's but nearly one's. Error where the file lies in that machine's folder as well.",
    silent:
      "The machine's other files still make its key exist, so the registry resolves, and the machine is deployed without the part: without base, ssh keys or users.",
    fix: "Write the machine's name in the key.",
    example: '`modules/machines/nixos/galena/default.ts` exports `nixos."machines/nixos/galean"`',
  },
  *check(context) {
    const machines = Object.keys(context.model.machines);
    for (const name of strayEntries(context)) {
      const { entry } = splitEntry(name);
      const written = machineOfEntry(entry);
      if (written === undefined || machines.includes(written)) continue;
      const at = context.entries.get(name)?.definitions[0] ?? null;
      // In a folder of its own name it is what is left of a machine that is gone: nobody mistyped anything.
      if (at !== null && machineOfFile(at.file, [written]) !== undefined) continue;
      const owner = at === null ? undefined : machineOfFile(at.file, machines);
      const meant =
        owner !== undefined && isNear(written, owner) ? owner : machines.find((one) => isNear(written, one));
      if (meant === undefined) continue;
      yield {
        severity: owner === meant ? "error" : "warning",
        subject: { kind: "entry", name },
        message: `no machine is called ${written} and nobody imports ${name}, so ${meant} lacks what it says`,
        at,
        suggestion: `write "${entry.slice(0, -written.length)}${meant}"`,
      };
    }
  },
};
