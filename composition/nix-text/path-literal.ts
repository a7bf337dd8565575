import { relative, sep } from "node:path";
import { printString } from "./string-literal.ts";

/** Source: Nix 2.26, src/libexpr/lexer.l (`PATH`). */
const literalSegment = /^[a-zA-Z0-9._+-]+$/;

/**
 * The path of a file as Nix reads it from a file in `folder`: `../../modules/x.nix`.
 * A name that no path literal can hold is appended as text: `(./. + "/a b.nix")`.
 * @param folder - absolute folder of the file that is printed.
 * @param path - absolute path of what it names.
 */
export function printPath(folder: string, path: string): string {
  const segments = relative(folder, path)
    .split(sep)
    .filter((segment) => segment !== "");
  if (segments.length === 0) return "./.";
  const dotted = segments[0] === ".." ? segments : [".", ...segments];
  if (dotted.every((segment) => literalSegment.test(segment))) {
    return dotted.length === 1 ? `${dotted[0]}/.` : dotted.join("/"); // no literal without a slash
  }
  const strange = dotted.findIndex((segment) => !literalSegment.test(segment));
  return `(${dotted.slice(0, strange).join("/")}/. + ${printString(`/${dotted.slice(strange).join("/")}`)})`;
}
