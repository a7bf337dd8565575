import type { Rule } from "../rule.ts";

/** `fleet.d.ts` is older than the fleet. Not asked by a run that deploys: types keep nobody from a new machine. */
export const staleTypes: Rule = {
  id: "FC068",
  title: "fleet.d.ts is not what the fleet is",
  severities: ["error"],
  text: {
    finds: "A `fleet.d.ts` that names what is gone, or lacks what is new. A preview and an update do not ask.",
    silent:
      "Names that the file lacks are allowed, so that it blocks nothing: the editor proposes old names, and strikes through new ones that are read with a dot.",
    fix: "`fleet types`",
    example: "`modules/nixos/chrony.ts` was added by hand, and the editor strikes through `nixos.chrony`",
  },
  *check({ types }) {
    if (types === undefined) return;
    const { lacks, gone } = types;
    const parts = [
      ...(lacks.length === 0 ? [] : [`lacks ${listed(lacks)}`]),
      ...(gone.length === 0 ? [] : [`names ${listed(gone)}, gone`]),
    ];
    yield {
      severity: "error",
      subject: { kind: "file", name: "fleet.d.ts" },
      message: `fleet.d.ts ${parts.length === 0 ? "is not as `fleet types` writes it" : parts.join(", and ")}`,
      at: { file: "fleet.d.ts" },
      suggestion: "fleet types",
    };
  },
};

function listed(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
