/** A string of a Nix file. */
export interface ReadString {
  /** The first offset after its closing quotes. */
  readonly end: number;
  /** Undefined: it has interpolations, or escapes that are not read here. */
  readonly value: string | undefined;
}

/** Reads code from an offset on; gives that of the `}` that closes it. */
type SkipCode = (start: number) => number;

const quotedEscapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/**
 * A string between double quotes. `$$` is text, whatever follows.
 * Source: Nix 2.26, src/libexpr/lexer.l (`STRING`). @param at - of the quote. @returns undefined: it has no end.
 */
export function readQuotedString(text: string, at: number, skipCode: SkipCode): ReadString | undefined {
  let value = "";
  let isPlain = true;
  for (let index = at + 1; index < text.length; ) {
    const one = text.charAt(index);
    const two = text.slice(index, index + 2);
    if (one === '"') return { end: index + 1, value: isPlain ? value : undefined };
    if (two === "${") {
      isPlain = false;
      index = skipCode(index + 2) + 1;
    } else if (one === "\\") {
      const escaped = text.charAt(index + 1);
      value += quotedEscapes.get(escaped) ?? escaped;
      index += 2;
    } else if (two === "$$") {
      value += two;
      index += 2;
    } else {
      value += one;
      index++;
    }
  }
  return undefined;
}

/** A character of an indented string; one that was escaped is never indentation. */
interface Character {
  readonly text: string;
  readonly isEscaped: boolean;
}

/**
 * A string between two single quotes each, with its indentation taken away.
 * Source: Nix 2.26, src/libexpr/lexer.l (`IND_STRING`). @param at - of the quotes. @returns undefined: it has no end.
 */
export function readIndentedString(text: string, at: number, skipCode: SkipCode): ReadString | undefined {
  const characters: Character[] = [];
  let isPlain = true;
  const opening = /'' *\n|''/y;
  opening.lastIndex = at;
  for (let index = at + (opening.exec(text)?.[0].length ?? 2); index < text.length; ) {
    const two = text.slice(index, index + 2);
    const three = text.slice(index, index + 3);
    if (two === "${") {
      isPlain = false;
      index = skipCode(index + 2) + 1;
    } else if (three === "'''" || three === "''$") {
      characters.push({ text: three === "'''" ? "''" : "$", isEscaped: true });
      index += 3;
    } else if (three === "''\\") {
      isPlain = false;
      index += 4;
    } else if (two === "''") {
      return { end: index + 2, value: isPlain ? withoutIndentation(characters) : undefined };
    } else if (two === "$$") {
      characters.push({ text: "$", isEscaped: false }, { text: "$", isEscaped: false });
      index += 2;
    } else {
      characters.push({ text: text.charAt(index), isEscaped: false });
      index++;
    }
  }
  return undefined;
}

/** Source: Nix 2.26, src/libexpr/parser-state.hh (`stripIndentation`): spaces count alone, and blank lines do not. */
function withoutIndentation(characters: readonly Character[]): string {
  const lines: Character[][] = [[]];
  for (const character of characters) {
    if (character.text === "\n" && !character.isEscaped) lines.push([]);
    else lines.at(-1)?.push(character);
  }
  const indents = lines.map((line) => line.findIndex(isText));
  const least = Math.min(...indents.map((indent) => (indent === -1 ? Number.POSITIVE_INFINITY : indent)));
  const stripped = lines.map((line, index) => {
    const spaces = indents[index] === -1 ? line.length : least;
    return line
      .slice(Math.min(spaces, least))
      .map((character) => character.text)
      .join("");
  });
  const last = lines.at(-1) ?? [];
  if (lines.length > 1 && !last.some(isText)) stripped[stripped.length - 1] = "";
  return stripped.join("\n");
}

function isText({ text, isEscaped }: Character): boolean {
  return isEscaped || text !== " ";
}
