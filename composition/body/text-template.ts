import { authorCallSite, type CallSite } from "./call-site.ts";

/** A string of Nix with values in it; printed by composition/nix-text/. */
export class NixString {
  /** One more than `values`, and what they say: no escape of any language is left in them. */
  readonly fragments: readonly string[];
  /** Symbols, templates, paths of the tree. */
  readonly values: readonly unknown[];
  readonly usedAt: CallSite | undefined;

  constructor(fragments: readonly string[], values: readonly unknown[], usedAt: CallSite | undefined) {
    this.fragments = fragments;
    this.values = values;
    this.usedAt = usedAt;
  }
}

/**
 * A string in which Nix fills in what only Nix knows: `` text`http://${config.networking.hostName}:${8080}/` ``. Written as
 * any JavaScript template; what means something in Nix is escaped. Strings and whole numbers become part of the text.
 */
export function text(strings: TemplateStringsArray, ...values: readonly unknown[]): NixString {
  const fragments = [strings[0] ?? ""];
  const kept: unknown[] = [];
  for (const [index, value] of values.entries()) {
    const after = strings[index + 1] ?? "";
    if (isText(value)) fragments.push((fragments.pop() ?? "") + String(value) + after);
    else {
      kept.push(value);
      fragments.push(after);
    }
  }
  return new NixString(fragments, kept, authorCallSite());
}

function isText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "bigint" || Number.isSafeInteger(value);
}
