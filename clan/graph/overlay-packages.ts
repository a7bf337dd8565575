import { z } from "zod";
import { NixText } from "../../composition/body/nix-template.ts";
import { NixFile } from "../../composition/body/tree-path.ts";
import type { OverlayDefinition } from "../../composition/evaluate-flake.ts";
import { NixMissingError, NixTooOldError } from "../../local-nix/errors.ts";
import { nixString } from "../../local-nix/evaluation-request.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { NixError } from "../../local-nix/nix-error.ts";
import { nixFunction } from "../flake/nix-expression.ts";

/** Overlay → names of the packages that it sets; null: only an evaluation of its inputs could tell. */
export const overlayNamesSchema = z.record(z.string(), z.array(z.string()).nullable());

/** What overlays set, by calling them without any package: which names a set has does not depend on their values. */
export async function overlayPackages(
  overlays: readonly OverlayDefinition[],
  signal: AbortSignal,
): Promise<readonly (readonly string[] | null)[]> {
  if (overlays.length === 0) return [];
  const set = overlays.map(({ body }, index) => `${nixString(`${index}`)} = (${overlayText(body)});`).join("\n");
  // Overlays are printed into a module that has these two arguments (emission/emit-overlays.ts).
  const argument = `(let lib = throw "lib"; inputs = throw "inputs"; in {\n${set}\n})`;
  const args = ["eval", "--json", "--impure", "--expr", nixFunction("overlays.nix", argument)];
  try {
    const text = await runNix(args, { signal, purpose: "read the overlays" });
    const names = overlayNamesSchema.parse(JSON.parse(text));
    return overlays.map((_, index) => names[`${index}`] ?? null);
  } catch (error) {
    // What cannot be evaluated alone is not known; `emit` and the machines' evaluation tell what is wrong with it.
    if (error instanceof NixError || error instanceof NixMissingError || error instanceof NixTooOldError)
      return overlays.map(() => null);
    throw error;
  }
}

function overlayText(body: unknown): string {
  if (body instanceof NixFile) return `import ${nixString(body.path)}`;
  if (!(body instanceof NixText)) return 'throw "an overlay of an input"';
  // Only text can be a part of a name; everything else is a package's own affair.
  const values = body.values.map((value) => (typeof value === "string" ? nixString(value) : '(throw "a value")'));
  return body.fragments.map((fragment, index) => fragment + (values[index] ?? "")).join("");
}
