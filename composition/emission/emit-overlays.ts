import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { NixText } from "../body/nix-template.ts";
import { isNixSymbol, symbol } from "../body/symbol.ts";
import { NixFile, TreePath } from "../body/tree-path.ts";
import type { FlakeEvaluation, OverlayDefinition } from "../evaluate-flake.ts";
import { compareText } from "../nearest.ts";
import { printAttributeName } from "../nix-text/attribute-name.ts";
import { cursorAt } from "../nix-text/cursor.ts";
import { printNix, printTerm } from "../nix-text/print-nix.ts";
import { formatLocation } from "../source-location.ts";
import { OverlayShapeError } from "./errors.ts";
import { flakePlace, printHeader } from "./generated-file.ts";

const file = "nix/overlays.nix";
const packages = "pkgs/by-name";

/**
 * `nix/overlays.nix`: what files added to `flake.nixpkgsOverlays`, in that order, then the own packages of
 * `pkgs/by-name/<name>/package.nix`, as the one overlay of machines and homes.
 * @throws {OverlayShapeError} a member is neither a template, a Nix file nor a symbol.
 */
export function emitOverlays({ root, overlays }: FlakeEvaluation): string {
  const members = overlays.map((overlay) => {
    const place = flakePlace(root, file, formatLocation(overlay.definedAt));
    return `    # ${overlay.definedAt.file}\n    ${printTerm(overlayTerm(overlay), cursorAt(place, 4))}\n`;
  });
  const byName = printByName(root);
  const all = [...members, ...(byName === undefined ? [] : [byName])].join("");
  const body = `{\n  flake.overlays.default = lib.composeManyExtensions [${all === "" ? " " : `\n${all}  `}];\n}\n`;
  const inputs = /\binputs\./.test(all) ? ", inputs" : "";
  return `${printHeader("flake.nixpkgsOverlays and pkgs/by-name/")}{ lib${inputs}, ... }:\n${body}`;
}

function overlayTerm({ body, definedAt }: OverlayDefinition): unknown {
  if (body instanceof NixFile) return symbol("import")(body);
  if (body instanceof NixText || isNixSymbol(body)) return body;
  throw new OverlayShapeError({
    summary: "flake.nixpkgsOverlays: a member is no overlay",
    expected: 'nix`final: prev: { … }`, nixFile("./overlay.nix"), or a path on `inputs`',
    found: body === null ? "null" : Array.isArray(body) ? "a list" : `a JavaScript ${typeof body}`,
    at: formatLocation(definedAt),
    fix: "write the overlay in Nix",
  });
}

function printByName(root: string): string | undefined {
  const names = packageNames(root);
  if (names.length === 0) return undefined;
  const place = flakePlace(root, file, packages);
  const lines = names.map((name) => {
    const path = printNix(new TreePath(join(root, packages, name, "package.nix"), undefined), place);
    return `      ${printAttributeName(name)} = final.callPackage ${path} { };\n`;
  });
  return `    # ${packages}\n    (final: _prev: {\n${lines.join("")}    })\n`;
}

/** Folders with a `package.nix`, in the alphabet's order. Source: nixpkgs, pkgs/by-name/README.md, without its two-letter shards. */
function packageNames(root: string): readonly string[] {
  const folder = join(root, packages);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.nix")))
    .sort(compareText);
}
