import { printString } from "./string-literal.ts";

/** Source: Nix 2.26, src/libexpr/lexer.l (`ID`). */
const identifier = /^[A-Za-z_][A-Za-z0-9_'-]*$/;
/** Names that Nix keeps for itself. Source: the same. */
export const keywords: ReadonlySet<string> = new Set([
  "assert",
  "else",
  "if",
  "in",
  "inherit",
  "let",
  "rec",
  "then",
  "with",
]);

/** One attribute's name, quoted only where Nix needs it: `base`, `"ssh-known-hosts"` stays bare, `"users/cameron"`. */
export function printAttributeName(name: string): string {
  return isBareName(name) ? name : printString(name);
}

/** `a.b."c/d"` */
export function printAttributePath(path: readonly string[]): string {
  return path.map(printAttributeName).join(".");
}

/** `or` is a keyword for the grammar of `a.b or c`. */
export function isBareName(name: string): boolean {
  return identifier.test(name) && !keywords.has(name) && name !== "or";
}
