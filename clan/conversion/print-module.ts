import type { NixComment } from "./nix-tokens.ts";
import { classesIn, type Nest, type Printed, printBefore, printNested } from "./print-data.ts";

/** Comments of a `.nix` file that no value takes along. */
export interface FileComments {
  /** Above everything. */
  readonly header: readonly NixComment[];
  /** Above the entry. */
  readonly before: readonly NixComment[];
  /** After everything. */
  readonly tail: readonly NixComment[];
}

/** The text of a flake module that defines one entry. */
export function printModule(
  { class: className, entry }: { readonly class: string; readonly entry: string },
  body: Printed,
  comments: FileComments,
): string {
  const none = { before: [], after: undefined };
  const nests: readonly Nest[] = [
    { name: "flake", remarks: none },
    { name: "modules", remarks: none },
    { name: className, remarks: none },
    { name: entry, remarks: { before: [...comments.before], after: undefined } },
  ];
  const imported = body.kind === "expression" ? "flakeModule, nixFile" : "flakeModule";
  const header = comments.header.length === 0 ? "" : `${printBefore(comments.header, "")}\n`;
  const classes = [...new Set(classesIn(body))].sort();
  const module =
    classes.length === 0
      ? `flakeModule(${printNested(nests, body, "")})`
      : `flakeModule(({ config }) => {
  const { ${classes.join(", ")} } = config.flake.modules;
  return ${printNested(nests, body, "  ")};
})`;
  const tail = printBefore(comments.tail, "");
  return `${header}import { ${imported} } from "pulumi-clan/author";\n\nexport default ${module};\n${tail}`;
}
