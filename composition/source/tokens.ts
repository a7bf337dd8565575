/** The few kinds of tokens that object keys can be told by. */
export interface Token {
  readonly kind: "name" | "string" | "mark";
  /** A string's contents, without quotes. */
  readonly text: string;
  readonly line: number;
}

const nameStart = /[\p{ID_Start}$_]/u;
const nameRest = /[\p{ID_Continue}$\u200c\u200d]*/uy;

/**
 * Splits TypeScript into names, strings and punctuation; comments, numbers' insides, regular expressions and the text of
 * templates are passed over. It is no parser: it only has to keep brackets balanced and lines right.
 */
export function readTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const reader = { at: 0, line: 1 };
  // For each open template: how many braces are open inside its `${`.
  const templates: number[] = [];
  while (reader.at < source.length) {
    const char = source[reader.at] ?? "";
    if (char === "\n") reader.line++;
    if (char === " " || /\s/.test(char)) reader.at++;
    else if (source.startsWith("//", reader.at)) reader.at = endOf(source, "\n", reader.at);
    else if (source.startsWith("/*", reader.at)) skipTo(source, reader, endOf(source, "*/", reader.at) + 2);
    else if (char === '"' || char === "'") tokens.push(readString(source, reader, char));
    else if (char === "`") readTemplate(source, reader, templates);
    else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      readTemplate(source, reader, templates);
    } else if (char === "/" && startsRegExp(tokens.at(-1))) skipTo(source, reader, endOfRegExp(source, reader.at));
    else if (nameStart.test(char) || /\d/.test(char)) tokens.push(readName(source, reader));
    else {
      const open = templates.at(-1);
      if (open !== undefined && char === "{") templates[templates.length - 1] = open + 1;
      if (open !== undefined && char === "}") templates[templates.length - 1] = open - 1;
      tokens.push({ kind: "mark", text: char, line: reader.line });
      reader.at++;
    }
  }
  return tokens;
}

interface Reader {
  at: number;
  line: number;
}

function endOf(source: string, text: string, from: number): number {
  const found = source.indexOf(text, from);
  return found < 0 ? source.length : found;
}

function skipTo(source: string, reader: Reader, end: number): void {
  for (; reader.at < end; reader.at++) if (source[reader.at] === "\n") reader.line++;
}

function readString(source: string, reader: Reader, quote: string): Token {
  const { line, at: start } = reader;
  const plain = source.slice(start + 1, endOf(source, quote, start + 1));
  if (!/[\\\n]/.test(plain)) {
    reader.at = Math.min(start + plain.length + 2, source.length);
    return { kind: "string", text: plain, line };
  }
  let end = start + 1;
  while (end < source.length && source[end] !== quote && source[end] !== "\n") end += source[end] === "\\" ? 2 : 1;
  skipTo(source, reader, Math.min(end + 1, source.length));
  // Escapes are rare in names; only the common one is undone.
  return { kind: "string", text: source.slice(start + 1, end).replace(/\\(["'\\])/g, "$1"), line };
}

/** Passes over a template's text up to its end or the next `${`. */
function readTemplate(source: string, reader: Reader, templates: number[]): void {
  let end = reader.at + 1;
  while (end < source.length && source[end] !== "`" && !source.startsWith("${", end)) {
    end += source[end] === "\\" ? 2 : 1;
  }
  const interpolates = source.startsWith("${", end);
  if (interpolates) templates.push(0);
  skipTo(source, reader, Math.min(end + (interpolates ? 2 : 1), source.length));
}

function readName(source: string, reader: Reader): Token {
  const start = reader.at;
  nameRest.lastIndex = start;
  reader.at += nameRest.exec(source)?.[0].length ?? 0;
  return { kind: "name", text: source.slice(start, reader.at), line: reader.line };
}

/** A slash after a value divides; elsewhere it begins a regular expression. */
function startsRegExp(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "mark") return !")]}".includes(previous.text);
  return previous.kind === "name" && ["return", "typeof", "case", "in", "of"].includes(previous.text);
}

function endOfRegExp(source: string, start: number): number {
  let inClass = false;
  let end = start + 1;
  for (; end < source.length && source[end] !== "\n"; end++) {
    if (source[end] === "\\") end++;
    else if (source[end] === "[") inClass = true;
    else if (source[end] === "]") inClass = false;
    else if (source[end] === "/" && !inClass) return end + 1;
  }
  return end;
}

/** The index of the closing bracket for that of each opening one. */
export function matchBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== "mark") continue;
    if ("{([".includes(text)) open.push(index);
    else if ("})]".includes(text)) {
      const opening = open.pop();
      if (opening !== undefined) closing.set(opening, index);
    }
  }
  return closing;
}
