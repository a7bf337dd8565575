import type { CheckContext } from "../context.ts";
import { machineOfEntry, meantClass, splitEntry, strayEntries } from "../entries.ts";
import type { Rule } from "../rule.ts";
import { nearDuplicateEntry } from "./fc001-near-duplicate-entry.ts";
import { machineKey } from "./fc006-machine-key.ts";

/** An entry that reaches no machine. Often on purpose, hence info. */
export const unusedEntry: Rule = {
  id: "FC012",
  title: "an entry that no machine gets",
  severities: ["info"],
  text: {
    finds: "An entry that no machine reaches and no other entry imports.",
    silent: "A deferred module is only evaluated where somebody imports it.",
    fix: "Import it, delete it, or say with a suppression why it is kept.",
    example: "`flake.modules.nixos.openclaw` after its service lost its last member",
  },
  *check(context) {
    const claimed = new Set(
      [...nearDuplicateEntry.check(context), ...machineKey.check(context)].map(({ subject }) => subject.name),
    );
    for (const name of strayEntries(context)) {
      const { class: className, entry } = splitEntry(name);
      const machine = machineOfEntry(entry);
      // A machine that is not registered is told of once, with its name.
      if (claimed.has(name) || meantClass(className) !== undefined) continue;
      if (machine !== undefined && Object.hasOwn(context.model.machines, machine)) continue;
      const instance = empty(name, context);
      yield {
        severity: "info",
        subject: { kind: "entry", name },
        message:
          instance === undefined
            ? `no machine gets ${name}: nobody imports it`
            : `no machine gets ${name}: only instance ${instance} brings it, which has no members`,
        at: context.entries.get(name)?.definitions[0] ?? null,
        suggestion: instance === undefined ? "import it, or delete it" : `give ${instance} a member, or delete it`,
      };
    }
  },
};

/** An instance that would bring the entry to its members. */
function empty(name: string, { services }: CheckContext): string | undefined {
  return [...services].find(([, { imports }]) => imports.includes(name))?.[0];
}
