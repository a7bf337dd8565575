import { ConversionError } from "./errors.ts";
import { readIndentedString, readQuotedString } from "./nix-strings.ts";

/** A token of Nix. A string is one token, whatever is interpolated into it. */
export interface NixToken {
  readonly kind: "name" | "integer" | "float" | "path" | "uri" | "string" | "symbol";
  readonly text: string;
  /** Offsets into the text; `end` is the first after it. */
  readonly start: number;
  readonly end: number;
  /** Of a string that is the same wherever it stands; undefined: it has interpolations, or escapes that are not read here. */
  readonly value?: string | undefined;
  /** Tokens inside a string's interpolations. */
  readonly code: readonly NixToken[];
}

/** `# …` to the end of its line, or `/* … *\/`. */
export interface NixComment {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface NixTokens {
  readonly tokens: readonly NixToken[];
  /** In order, those inside interpolations too. */
  readonly comments: readonly NixComment[];
}

/** Source: Nix 2.26, src/libexpr/lexer.l. The longest match counts, of equal ones the first. */
const patterns: readonly (readonly [NixToken["kind"], RegExp])[] = [
  ["name", /[a-zA-Z_][a-zA-Z0-9_'-]*/y],
  ["integer", /[0-9]+/y],
  ["float", /(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[Ee][+-]?[0-9]+)?/y],
  ["path", /[a-zA-Z0-9._+-]*(?:\/[a-zA-Z0-9._+-]+)+\/?/y],
  ["path", /~(?:\/[a-zA-Z0-9._+-]+)+\/?/y],
  ["path", /<[a-zA-Z0-9._+-]+(?:\/[a-zA-Z0-9._+-]+)*>/y],
  ["uri", /[a-zA-Z][a-zA-Z0-9+.-]*:[a-zA-Z0-9%/?:@&=+$,_.!~*'-]+/y],
  ["symbol", /\.\.\.|==|!=|<=|>=|&&|\|\||->|\/\/|\+\+|\$\{|\|>|<\||[{}()[\];:,.=@?!<>+*/-]/y],
];
const blank = /[ \t\n]+/y;
const comment = /#[^\n]*|\/\*[\s\S]*?\*\//y;

/**
 * The tokens of a Nix file.
 * @param file - for messages. @throws {ConversionError} a text that is not read here: it may still be Nix.
 */
export function readNixTokens(text: string, file: string): NixTokens {
  const comments: NixComment[] = [];
  const { tokens, end } = readCode(text, 0, comments, file);
  if (end === text.length) return { tokens, comments };
  throw unreadable(text, end, "a bracket } that nothing opens", file);
}

/** Reads up to the end of the text, or to the `}` that nothing in it opens. */
function readCode(
  text: string,
  from: number,
  comments: NixComment[],
  file: string,
): { readonly tokens: readonly NixToken[]; readonly end: number } {
  const tokens: NixToken[] = [];
  let open = 0;
  let at = from;
  while (at < text.length) {
    const passed = matchAt(blank, text, at);
    const said = passed > 0 ? 0 : matchAt(comment, text, at);
    if (said > 0) comments.push({ text: text.slice(at, at + said), start: at, end: at + said });
    if (passed + said > 0) {
      at += passed + said;
      continue;
    }
    const token = readString(text, at, comments, file) ?? readPlain(text, at, file);
    if (token.text === "{" || token.text === "${") open++;
    if (token.text === "}" && open-- === 0) return { tokens, end: at };
    tokens.push(token);
    at = token.end;
  }
  return { tokens, end: at };
}

function readString(text: string, at: number, comments: NixComment[], file: string): NixToken | undefined {
  const indented = text.startsWith("''", at);
  if (!indented && text[at] !== '"') return undefined;
  const code: NixToken[] = [];
  const skipCode = (start: number): number => {
    const inside = readCode(text, start, comments, file);
    code.push(...inside.tokens);
    return inside.end;
  };
  const read = indented ? readIndentedString(text, at, skipCode) : readQuotedString(text, at, skipCode);
  if (read === undefined) throw unreadable(text, at, "a string without its end", file);
  return { kind: "string", text: text.slice(at, read.end), start: at, end: read.end, value: read.value, code };
}

function readPlain(text: string, at: number, file: string): NixToken {
  let best: { readonly kind: NixToken["kind"]; readonly length: number } | undefined;
  for (const [kind, pattern] of patterns) {
    const length = matchAt(pattern, text, at);
    if (length > (best?.length ?? 0)) best = { kind, length };
  }
  if (best === undefined) throw unreadable(text, at, JSON.stringify(text.slice(at, at + 10)), file);
  const end = at + best.length;
  return { kind: best.kind, text: text.slice(at, end), start: at, end, code: [] };
}

/** Length of the match that begins there; 0: none. */
function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function unreadable(text: string, at: number, found: string, file: string): ConversionError {
  return new ConversionError({
    summary: `${file}: the file is not understood`,
    expected: "Nix",
    found,
    at: `${file}:${lineAt(text, at)}`,
    fix: "correct the file, or move the export by hand; nothing was written",
  });
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
