import { keywords } from "../../composition/nix-text/attribute-name.ts";
import type { NixToken } from "./nix-tokens.ts";

/** Tokens from one index up to another, which is no longer part of them. */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** `a.b = value;` in a set or a `let`. */
export interface NixBinding {
  /** Undefined: a part of it is computed. */
  readonly path: readonly string[] | undefined;
  /** Index of its first token, and of its semicolon. */
  readonly first: number;
  readonly last: number;
  readonly value: TokenRange;
}

/** `inherit a b;` or `inherit (from) a b;` */
export interface NixInherit {
  readonly from: TokenRange | undefined;
  readonly names: readonly string[];
}

export interface NixBindings {
  readonly bindings: readonly NixBinding[];
  readonly inherits: readonly NixInherit[];
  /** Index of what closes them: `}` or `in`. */
  readonly end: number;
}

const closers: ReadonlyMap<string, string> = new Map([
  ["{", "}"],
  ["${", "}"],
  ["(", ")"],
  ["[", "]"],
  ["let", "in"],
  ["with", ";"],
  ["assert", ";"],
]);
const closing: ReadonlySet<string> = new Set(["}", ")", "]", "in"]);

/**
 * Index of the first token on the same level that is one of `ends`.
 * @returns undefined: brackets do not agree, or there is none.
 */
export function findOnLevel(tokens: readonly NixToken[], from: number, ends: readonly string[]): number | undefined {
  const open: string[] = [];
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined || token.kind === "string") continue;
    const { text } = token;
    if (open.length === 0 && ends.includes(text)) return index;
    const closer = isSelected(tokens, index) ? undefined : closers.get(text);
    if (closer !== undefined) open.push(closer);
    else if (text === open.at(-1)) open.pop();
    else if (closing.has(text)) return undefined;
  }
  return undefined;
}

/** True for `in` of `a.in`, which Nix refuses, and for what has the shape of a keyword after a dot. */
function isSelected(tokens: readonly NixToken[], index: number): boolean {
  return tokens[index]?.kind === "name" && tokens[index - 1]?.text === ".";
}

/**
 * Bindings up to what closes them.
 * @param from - index of the first token inside. @returns undefined: not understood.
 */
export function readBindings(tokens: readonly NixToken[], from: number, closer: "}" | "in"): NixBindings | undefined {
  const bindings: NixBinding[] = [];
  const inherits: NixInherit[] = [];
  for (let index = from; index < tokens.length; ) {
    if (tokens[index]?.text === closer && tokens[index]?.kind !== "string") return { bindings, inherits, end: index };
    if (tokens[index]?.text === "inherit" && tokens[index]?.kind === "name") {
      const read = readInherit(tokens, index + 1);
      if (read === undefined) return undefined;
      inherits.push(read.inherit);
      index = read.end + 1;
      continue;
    }
    const equals = findOnLevel(tokens, index, ["="]);
    const last = equals === undefined ? undefined : findOnLevel(tokens, equals + 1, [";"]);
    if (equals === undefined || last === undefined || equals === index) return undefined;
    const path = pathIn(tokens, { from: index, to: equals });
    bindings.push({ path, first: index, last, value: { from: equals + 1, to: last } });
    index = last + 1;
  }
  return undefined;
}

function readInherit(
  tokens: readonly NixToken[],
  from: number,
): { readonly inherit: NixInherit; readonly end: number } | undefined {
  const end = findOnLevel(tokens, from, [";"]);
  if (end === undefined) return undefined;
  const close = tokens[from]?.text === "(" ? findOnLevel(tokens, from + 1, [")"]) : undefined;
  const names = tokens.slice(close === undefined ? from : close + 1, end).map((token) => token.value ?? token.text);
  const source = close === undefined ? undefined : { from: from + 1, to: close };
  return { inherit: { from: source, names }, end };
}

/** `a.b."c d"` @returns undefined: something else. */
export function pathIn(tokens: readonly NixToken[], { from, to }: TokenRange): readonly string[] | undefined {
  const path: string[] = [];
  for (let index = from; index < to; index += 2) {
    const token = tokens[index];
    const name = token?.kind === "string" ? token.value : token?.kind === "name" ? token.text : undefined;
    if (name === undefined || (token?.kind === "name" && keywords.has(name))) return undefined;
    path.push(name);
    if (index + 1 < to && tokens[index + 1]?.text !== ".") return undefined;
    if (index + 2 === to) return undefined; // a dot at the end
  }
  return path.length === 0 ? undefined : path;
}

/** Range inside the braces where the tokens are one set that is written out. */
export function setIn(tokens: readonly NixToken[], { from, to }: TokenRange): TokenRange | undefined {
  if (tokens[from]?.text !== "{" || findOnLevel(tokens, from + 1, ["}"]) !== to - 1) return undefined;
  return { from: from + 1, to: to - 1 };
}
