import { isNear } from "../near-names.ts";
import type { Rule } from "../rule.ts";

const classes: ReadonlySet<string> = new Set(["nixos", "darwin", "homeManager", "generic"]);

/** `flake.module.nixos…`: flake-parts' `flake` takes every name, so a typo makes an output. */
export const unknownOutput: Rule = {
  id: "FC004",
  title: "modules in a mistyped output",
  severities: ["warning"],
  text: {
    finds:
      "An output of an adopted flake whose name is nearly `modules` and that holds classes of modules. In TypeScript it is an undeclared option, an error at its line.",
    silent: "The options below `flake` are open: a new name is a new output, and the modules in it belong to nobody.",
    fix: "Write `flake.modules`.",
    example: "`flake.module.nixos.base = { … }`",
  },
  *check({ outputs, tree }) {
    for (const [output, names] of Object.entries(outputs ?? {})) {
      if (!isNear(output, "modules") || !names.some((name) => classes.has(name))) continue;
      const written = new RegExp(`\\bflake\\.${output}\\b|(?<![\\w.])${output}\\.(?:${[...classes].join("|")})\\b`);
      const [file, text] = [...(tree?.sources ?? [])].find(([, source]) => written.test(source)) ?? [];
      const before = text === undefined ? undefined : text.slice(0, written.exec(text)?.index);
      yield {
        severity: "warning",
        subject: { kind: "class", name: output },
        message: `output ${output} holds modules of ${names.filter((name) => classes.has(name)).join(", ")}, which nobody reads`,
        at: file === undefined || before === undefined ? null : { file, line: before.split("\n").length },
        suggestion: "write flake.modules",
      };
    }
  },
};
