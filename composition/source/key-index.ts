import { matchBrackets, readTokens, type Token } from "./tokens.ts";

/**
 * Lines of object keys in a TypeScript source, found by their text.
 *
 * Seen: nested object literals, quoted keys, `["literal"]` keys, shorthand, methods, getters; calls and functions around
 * an object (`lib.mkIf(on, { … })`, `({ pkgs }) => ({ … })`) count as transparent.
 * Not seen: keys computed at run time, spread objects, and objects that stand in a variable: then the line of the
 * nearest key above them is given. Of several equal paths in one file, the first counts.
 */
export class KeyIndex {
  readonly #lines = new Map<string, number>();

  constructor(source: string) {
    const tokens = readTokens(source);
    const closing = matchBrackets(tokens);
    const frames: Frame[] = [{ opening: "", path: [], current: [], keyExpected: false }];
    for (let index = 0; index < tokens.length; index++) index = this.#step(tokens, closing, index, frames);
  }

  /** The line of the key at `path`, or of the longest beginning of the path that is found. */
  locate(path: readonly string[]): { readonly line: number; readonly matched: number } | undefined {
    for (let matched = path.length; matched > 0; matched--) {
      const line = this.#lines.get(path.slice(0, matched).join("\0"));
      if (line !== undefined) return { line, matched };
    }
    return undefined;
  }

  /** Handles the token at `index`. @returns the index of the last token that was used. */
  #step(tokens: readonly Token[], closing: ReadonlyMap<number, number>, index: number, frames: Frame[]): number {
    const token = tokens[index];
    const frame = frames.at(-1);
    if (token === undefined || frame === undefined) return index;
    if (frame.keyExpected) {
      frame.keyExpected = false;
      const key = readKey(tokens, closing, index);
      if (key !== undefined) {
        frame.current = [...frame.path, key.name];
        this.#record(frame.current, key.line);
        return key.last;
      }
    }
    if (token.kind !== "mark") return index;
    if (token.text === "{" && isPattern(tokens, closing, index)) return closing.get(index) ?? index;
    step(token.text, frame, frames);
    return index;
  }

  #record(path: readonly string[], line: number): void {
    const key = path.join("\0");
    if (!this.#lines.has(key)) this.#lines.set(key, line);
  }
}

interface Frame {
  readonly opening: string;
  /** Path of the value that the bracket stands in. */
  readonly path: readonly string[];
  /** Path of the value at hand inside the bracket. */
  current: readonly string[];
  keyExpected: boolean;
}

function step(mark: string, frame: Frame, frames: Frame[]): void {
  if (mark === "{" || mark === "(" || mark === "[") {
    frames.push({ opening: mark, path: frame.current, current: frame.current, keyExpected: mark === "{" });
  } else if (mark === "}" || mark === ")" || mark === "]") {
    if (frames.length > 1) frames.pop();
  } else if (frame.opening === "{" && (mark === "," || mark === ";")) {
    frame.current = frame.path;
    frame.keyExpected = mark === ",";
  }
}

interface Key {
  readonly name: string;
  readonly line: number;
  readonly last: number;
}

const modifiers: ReadonlySet<string> = new Set(["get", "async"]);

/** Words that stand before a parenthesis without being a method's name. */
const statements: ReadonlySet<string> = new Set(["if", "for", "while", "switch", "catch", "function", "return"]);

function readKey(tokens: readonly Token[], closing: ReadonlyMap<number, number>, index: number): Key | undefined {
  const token = tokens[index];
  const next = tokens[index + 1];
  if (token === undefined || next === undefined) return undefined;
  if (token.kind === "mark") {
    const literal = token.text === "[" && next.kind === "string" && isMark(tokens[index + 2], "]");
    return literal && isMark(tokens[index + 3], ":")
      ? { name: next.text, line: next.line, last: index + 3 }
      : undefined;
  }
  if (isMark(next, ":")) return { name: token.text, line: token.line, last: index + 1 };
  const method = isMark(next, "(") && !statements.has(token.text) && hasBody(tokens, closing.get(index + 1));
  // Shorthand ends here, a method goes on with its parameters: the mark is left to the caller.
  if (isMark(next, ",") || isMark(next, "}") || method) return { name: token.text, line: token.line, last: index };
  return token.kind === "name" && modifiers.has(token.text) ? readKey(tokens, closing, index + 1) : undefined;
}

/** After a method's parameters comes its body or its type; after a call's arguments neither. */
function hasBody(tokens: readonly Token[], parameters: number | undefined): boolean {
  if (parameters === undefined) return false;
  const next = tokens[parameters + 1];
  return isMark(next, "{") || isMark(next, ":");
}

/** Braces of parameters, destructuring and imports name things without defining them. */
function isPattern(tokens: readonly Token[], closing: ReadonlyMap<number, number>, open: number): boolean {
  const close = closing.get(open);
  if (close === undefined) return false;
  const [next, second, third] = [tokens[close + 1], tokens[close + 2], tokens[close + 3]];
  if (isMark(next, "=")) return !isMark(second, "=");
  if (next?.kind === "name" && next.text === "from") return true;
  if (!isMark(tokens[open - 1], "(")) return false;
  return isMark(next, ":") || (isMark(next, ")") && isMark(second, "=") && isMark(third, ">"));
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

/** The line on which the text defines `path`; see {@link KeyIndex} for what is found. */
export function locateKey(source: string, path: readonly string[]): number | undefined {
  return new KeyIndex(source).locate(path)?.line;
}
