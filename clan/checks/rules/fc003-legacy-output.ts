import type { CheckContext } from "../context.ts";
import type { Report, Rule } from "../rule.ts";

/** Outputs that hold modules for other flakes, by the class whose namespace they are taken for. Source: Nix' and home-manager's custom. */
const outputsOfClass: Readonly<Record<string, readonly string[]>> = {
  nixos: ["nixosModules"],
  darwin: ["darwinModules"],
  homeManager: ["homeModules", "homeManagerModules"],
};

/** A part of an aggregate went into an output for other flakes instead of into the namespace. */
export const legacyOutput: Rule = {
  id: "FC003",
  title: "a module in an output instead of its namespace",
  severities: ["warning"],
  text: {
    finds:
      "A module in `nixosModules`, `darwinModules` or `homeModules` of an adopted flake under the name of an entry of the class, where most entries are not published so. In TypeScript such an output is an undeclared option, an error at its line.",
    silent: "Both outputs exist: the part is published for other flakes, and no machine of this one gets it.",
    fix: "Write `flake.modules.<class>.<name>`.",
    example: "`flake.nixosModules.base = { … }` beside `flake.modules.nixos.base`",
  },
  *check(context) {
    const { model, outputs } = context;
    if (outputs === null) return;
    for (const [className, names] of Object.entries(outputsOfClass)) {
      const entries = Object.keys(model.namespaces[className] ?? {});
      for (const output of names) {
        const same = (outputs[output] ?? []).filter((name) => entries.includes(name));
        // Whoever publishes most of their entries does so on purpose.
        if (same.length * 2 > entries.length) continue;
        for (const name of same) yield misplaced(output, className, name, context);
      }
    }
  },
};

function misplaced(output: string, className: string, name: string, { tree }: CheckContext): Report {
  const written = new RegExp(`\\b${output}\\.(?:"${escaped(name)}"|${escaped(name)}(?![\\w-]))`);
  const [file, text] = [...(tree?.sources ?? [])].find(([, source]) => written.test(source)) ?? [];
  const before = text === undefined ? undefined : text.slice(0, written.exec(text)?.index);
  return {
    severity: "warning",
    subject: { kind: "entry", name: `${className}/${name}` },
    message: `${output}.${name} is published for other flakes; no machine of this one gets what it says`,
    at: file === undefined || before === undefined ? null : { file, line: before.split("\n").length },
    suggestion: `write flake.modules.${className}.${name}`,
  };
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
