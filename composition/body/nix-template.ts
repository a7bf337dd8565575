import { authorCallSite, type CallSite } from "./call-site.ts";

/** A piece of Nix text with values between its fragments; printed by composition/nix-text/. */
export class NixText {
  /** One more than `values`; as written, except for what {@link unescapeFragment} does. */
  readonly fragments: readonly string[];
  readonly values: readonly unknown[];
  readonly usedAt: CallSite | undefined;

  constructor(fragments: readonly string[], values: readonly unknown[], usedAt: CallSite | undefined) {
    this.fragments = fragments;
    this.values = values;
    this.usedAt = usedAt;
  }
}

/**
 * Nix text. What is interpolated is printed as Nix: references, symbols, paths of the tree, data; a JavaScript string
 * becomes an escaped Nix string. Indentation is kept relative to the least indented line.
 *
 * Backslashes stay as they are, so that `"\n"` means in Nix what it says. Only directly before `${` and a backtick do
 * they follow JavaScript: `\${` is Nix's own interpolation, `` \` `` a backtick.
 */
export function nix(strings: TemplateStringsArray, ...values: readonly unknown[]): NixText {
  const last = strings.raw.length - 1;
  const fragments = strings.raw.map((fragment, index) => unescapeFragment(fragment, index === last));
  return new NixText(fragments, values, authorCallSite());
}

/**
 * Halves the backslashes before `${`, a backtick, and the end of a fragment that a value follows.
 * Source: ECMAScript 2025, template literal lexical grammar: those are where a backslash decides what comes next.
 */
function unescapeFragment(raw: string, isLast: boolean): string {
  const inner = raw.replace(/(\\+)(?=\$\{|`)/g, (run) => "\\".repeat(Math.floor(run.length / 2)));
  return isLast ? inner : inner.replace(/\\+$/, (run) => "\\".repeat(Math.floor(run.length / 2)));
}
