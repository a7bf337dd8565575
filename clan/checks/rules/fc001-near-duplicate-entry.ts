import { splitEntry, strayEntries } from "../entries.ts";
import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** A part of an aggregate under a mistyped name: whoever imports the aggregate lacks it. */
export const nearDuplicateEntry: Rule = {
  id: "FC001",
  title: "an entry under a mistyped name",
  severities: ["warning"],
  text: {
    finds: "An entry that one file defines and nobody imports, beside a popular entry of nearly the same name.",
    silent: "Namespaces are open: a new name makes a new entry, and the part vanishes from all users of the right one.",
    fix: "Write the name of the entry that was meant.",
    example: "`flake.modules.nixos.bsae = { … }` beside `nixos.base`, which eleven files define",
  },
  *check(context) {
    for (const name of strayEntries(context)) {
      const { class: className, entry } = splitEntry(name);
      const { definitions } = context.entries.get(name) ?? { definitions: [] };
      if (definitions.length !== 1 || entry.startsWith("machines/")) continue;
      const meant = nearestOf(entry, popular(context.model.namespaces[className] ?? {}));
      if (meant === undefined) continue;
      yield {
        severity: "warning",
        subject: { kind: "entry", name },
        message: `nobody imports ${name}, which only one file defines; ${className}/${meant} is nearly the same name`,
        at: definitions[0] ?? null,
        suggestion: `write "${meant}"`,
      };
    }
  },
};

/** Entries that are aggregates, or that several machines have. */
function popular(entries: Readonly<Record<string, { files: readonly string[]; importedBy: readonly string[] }>>) {
  return Object.entries(entries)
    .filter(([, { files, importedBy }]) => files.length > 1 || importedBy.length > 1)
    .map(([entry]) => entry);
}
