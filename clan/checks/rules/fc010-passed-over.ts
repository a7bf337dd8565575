import type { PassedOver } from "../disk/module-files.ts";
import type { Rule } from "../rule.ts";

const reasons: Readonly<Record<PassedOver["why"], string>> = {
  underscore: 'a name that begins with "_" is passed over',
  suffix: "its name does not end in .nix or .ts",
  "linked folder": "links to folders are passed over",
};

/** A file among the modules that nobody reads. Often on purpose, hence info. */
export const passedOver: Rule = {
  id: "FC010",
  title: "a file among the modules that is not imported",
  severities: ["info"],
  text: {
    finds:
      "Files and folders below the module folders that import-tree leaves out and that no module names: `_name`, links to folders, copies set aside.",
    silent: "import-tree drops them without a word.",
    fix: "Rename the file, or delete it. A helper that a module imports by its name is no finding.",
    example: "`modules/nixos/_base.nix`, `modules/nixos/base.nix.bak`",
  },
  *check({ tree }) {
    for (const { path, why } of tree?.passedOver ?? []) {
      yield {
        severity: "info",
        subject: { kind: "file", name: path },
        message: `${path} is not imported: ${reasons[why]}, and no module names it`,
        at: { file: path },
        suggestion: "rename it to have it imported, or delete it",
      };
    }
  },
};
