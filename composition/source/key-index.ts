import { readTokens, type Token } from "./tokens.ts";

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
    const frames: Frame[] = [{ opening: "", path: [], current: [], keyExpected: false }];
    for (let index = 0; index < tokens.length; index++) index = this.#step(tokens, index, frames);
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
  #step(tokens: readonly Token[], index: number, frames: Frame[]): number {
    const token = tokens[index];
    const frame = frames.at(-1);
    if (token === undefined || frame === undefined) return index;
    if (frame.keyExpected) {
      const key = readKey(tokens, index);
      if (key !== undefined) {
        frame.keyExpected = false;
        frame.current = [...frame.path, key.name];
        this.#record(frame.current, key.line);
        return key.last;
      }
    }
    if (token.kind !== "mark") frame.keyExpected = false;
    else step(token.text, frame, frames);
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
  frame.keyExpected = false;
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

const modifiers: ReadonlySet<string> = new Set(["get", "async", "readonly"]);

function readKey(tokens: readonly Token[], index: number): Key | undefined {
  const token = tokens[index];
  const next = tokens[index + 1];
  if (token === undefined || next === undefined) return undefined;
  if (token.kind === "mark") {
    const closing = tokens[index + 2];
    const literal = token.text === "[" && next.kind === "string" && closing?.kind === "mark" && closing.text === "]";
    return literal && isMark(tokens[index + 3], ":")
      ? { name: next.text, line: next.line, last: index + 3 }
      : undefined;
  }
  if (isMark(next, ":")) return { name: token.text, line: token.line, last: index + 1 };
  // Shorthand ends here, a method goes on with its parameters: the mark is left to the caller.
  if (isMark(next, ",") || isMark(next, "}") || isMark(next, "(")) {
    return { name: token.text, line: token.line, last: index };
  }
  return token.kind === "name" && modifiers.has(token.text) ? readKey(tokens, index + 1) : undefined;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

/** The line on which the text defines `path`; see {@link KeyIndex} for what is found. */
export function locateKey(source: string, path: readonly string[]): number | undefined {
  return new KeyIndex(source).locate(path)?.line;
}
