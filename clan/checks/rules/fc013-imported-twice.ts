import type { Rule } from "../rule.ts";

/** flake-parts gives entries no key: reached by two chains, an entry counts twice. */
export const importedTwice: Rule = {
  id: "FC013",
  title: "an entry that counts twice",
  severities: ["info"],
  text: {
    finds:
      "An entry of an adopted flake that stands at two places of a machine's import graph. Emitted entries of authored fleets are given by path, and count once by whatever chains they come.",
    silent:
      "Nix deduplicates modules by key, and flake-parts sets none: lists hold everything twice. Only options that the entry declares object.",
    fix: "Import it once, in the machine or in the aggregate; or give the entry as a file.",
    example: "`imports = [ base openssh ]` where `base` imports `openssh`",
  },
  *check({ model, doubled, entries }) {
    for (const [name, machines] of doubled) {
      yield {
        severity: "info",
        subject: { kind: "entry", name },
        message: `${name} is imported by two chains on ${machines.length === Object.keys(model.machines).length ? "every machine" : machines.join(", ")}: its lists count twice`,
        at: entries.get(name)?.definitions[0] ?? null,
        suggestion: "import it once",
      };
    }
  },
};
