import { printString } from "./string-literal.ts";

/** Source: Nix 2.26, src/libexpr/lexer.l (`ID`) and its keywords; `or` is one for the grammar of `a.b or c`. */
const identifier = /^[A-Za-z_][A-Za-z0-9_'-]*$/;
const keywords: ReadonlySet<string> = new Set([
  "assert",
  "else",
  "if",
  "in",
  "inherit",
  "let",
  "or",
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

export function isBareName(name: string): boolean {
  return identifier.test(name) && !keywords.has(name);
}
