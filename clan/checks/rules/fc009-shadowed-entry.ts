import type { Rule } from "../rule.ts";

/** Arguments that every module can take. Source: nixpkgs, lib/modules.nix and nixos/lib/eval-config.nix; flake-parts. */
const argumentNames: ReadonlySet<string> = new Set([
  "config",
  "lib",
  "options",
  "pkgs",
  "inputs",
  "self",
  "modulesPath",
  "specialArgs",
  "inputs'",
  "self'",
  "system",
]);

/** `with flakeModules; [ lib ]` takes the argument `lib` and not the entry of that name. */
export const shadowedEntry: Rule = {
  id: "FC009",
  title: "an entry named like a module's argument",
  severities: ["info"],
  text: {
    finds: "An entry that is called `config`, `lib`, `inputs` or like another argument of modules.",
    silent:
      "In Nix a lexical name wins over `with`: an import written below `with` takes the argument instead of the entry.",
    fix: "Give the entry another name.",
    example: "`flake.modules.nixos.inputs = { … }` and `imports = with config.flake.modules.nixos; [ inputs ]`",
  },
  *check({ model, entries }) {
    for (const [className, defined] of Object.entries(model.namespaces)) {
      for (const entry of Object.keys(defined).filter((name) => argumentNames.has(name))) {
        const name = `${className}/${entry}`;
        yield {
          severity: "info",
          subject: { kind: "entry", name },
          message: `${name} is called like an argument of modules: below \`with\` the argument is taken`,
          at: entries.get(name)?.definitions[0] ?? null,
          suggestion: "give the entry another name",
        };
      }
    }
  },
};
