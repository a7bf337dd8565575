import { findOnLevel, type TokenRange } from "./nix-bindings.ts";
import type { NixToken } from "./nix-tokens.ts";

/** `{ a, b ? c, ... }@all:` or `all:` */
export interface NixLambda {
  /** Names that it binds. */
  readonly names: readonly string[];
  /** Index of the first token of what it gives. */
  readonly body: number;
}

/** @returns undefined: no function begins there. */
export function lambdaAt(tokens: readonly NixToken[], from: number): NixLambda | undefined {
  const [first, second, third] = tokens.slice(from, from + 3);
  if (first?.kind === "name" && second?.text === ":") return { names: [first.text], body: from + 2 };
  if (first?.kind === "name" && second?.text === "@" && third?.text === "{") {
    const formals = formalsAt(tokens, from + 2);
    if (formals === undefined || tokens[formals.end + 1]?.text !== ":") return undefined;
    return { names: [first.text, ...formals.names], body: formals.end + 2 };
  }
  if (first?.text !== "{" || first.kind === "string") return undefined;
  const formals = formalsAt(tokens, from);
  if (formals === undefined) return undefined;
  const after = formals.end + 1;
  if (tokens[after]?.text === ":") return { names: formals.names, body: after + 1 };
  const whole = tokens[after + 1];
  if (tokens[after]?.text !== "@" || whole?.kind !== "name" || tokens[after + 2]?.text !== ":") return undefined;
  return { names: [...formals.names, whole.text], body: after + 3 };
}

function formalsAt(
  tokens: readonly NixToken[],
  from: number,
): { readonly names: readonly string[]; readonly end: number } | undefined {
  const end = findOnLevel(tokens, from + 1, ["}"]);
  if (end === undefined) return undefined;
  const names: string[] = [];
  for (let index = from + 1; index < end; ) {
    const token = tokens[index];
    if (token?.kind === "name") names.push(token.text);
    else if (token?.text !== "...") return undefined;
    const next = tokens[index + 1]?.text;
    if (next !== "," && next !== "?" && index + 1 !== end) return undefined;
    index = (findOnLevel(tokens, index + 1, [",", "}"]) ?? end) + 1;
  }
  return { names, end };
}

/** Where a function's body ends, which reaches as far as it can. */
const bodyEnds: readonly string[] = [";", ",", ")", "]", "}", "then", "else", "in"];

/**
 * Names of the surroundings that an expression uses, as far as its text tells: one too many where a `let` in it, or a recursive
 * set, binds the same name again.
 */
export function namesUsed(tokens: readonly NixToken[], { from, to }: TokenRange): ReadonlySet<string> {
  const used = new Set<string>();
  for (let index = from; index < to; index++) {
    const token = tokens[index];
    if (token === undefined) continue;
    for (const name of namesUsed(token.code, { from: 0, to: token.code.length })) used.add(name);
    const isAttribute = tokens[index - 1]?.text === "." && index > from;
    const lambda = isAttribute ? undefined : lambdaAt(tokens, index);
    if (lambda !== undefined && lambda.body < to) {
      const end = Math.min(findOnLevel(tokens, lambda.body, bodyEnds) ?? to, to);
      const defaults = namesUsed(tokens, { from: index + 1, to: lambda.body - 1 });
      for (const name of [...defaults, ...namesUsed(tokens, { from: lambda.body, to: end })])
        if (!lambda.names.includes(name)) used.add(name);
      index = end - 1;
    } else if (token.kind === "name" && !isAttribute && !isBound(tokens, index, to)) used.add(token.text);
  }
  return used;
}

/** True for the first name of `a.b = …`. */
function isBound(tokens: readonly NixToken[], from: number, to: number): boolean {
  let index = from + 1;
  while (index < to && tokens[index]?.text === ".") {
    if (tokens[index + 1]?.text === "${") return false;
    index += 2;
  }
  return tokens[index]?.text === "=" && tokens[index]?.kind === "symbol";
}
