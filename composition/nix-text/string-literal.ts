import { UnprintableError } from "./errors.ts";

/**
 * A string on one line, in double quotes.
 * Source: Nix 2.26, src/libexpr/lexer.l (`STRING`): `\n \r \t \" \\ \${` are the escapes; a bare CR would become LF.
 * @throws {UnprintableError} a NUL or half of a surrogate pair: no Nix string can hold them.
 */
export function printString(value: string): string {
  refuseUnprintable(value);
  return `"${escapeQuoted(value)}"`;
}

/**
 * A string over several lines between two single quotes, or undefined where its lines would not survive:
 * Nix strips the common indentation and a blank last line, and some runs of quotes cannot be escaped in that form.
 * @param indent - column of the line on which the string begins, in spaces.
 */
export function printIndentedString(value: string, indent: number): string | undefined {
  refuseUnprintable(value);
  if (!survivesIndentation(value)) return undefined;
  const margin = " ".repeat(indent + 2);
  const lines = value.split("\n").map((line) => (line === "" ? "" : margin + escapeIndented(line)));
  const closing = value.endsWith("\n") ? `${" ".repeat(indent)}''` : "''";
  return `''\n${lines.join("\n")}${closing}`;
}

/** Text that means itself in every kind of Nix string, wherever it stands. */
export function isPlainInStrings(value: string): boolean {
  return /^[A-Za-z0-9_./:@+,=-](?:[A-Za-z0-9_./:@+,= -]*[A-Za-z0-9_./:@+,=-])?$/.test(value);
}

function refuseUnprintable(value: string): void {
  if (value.includes("\0"))
    throw new UnprintableError("text with a NUL character", "a string without NUL: Nix ends it there");
  if (!value.isWellFormed())
    throw new UnprintableError("half of a surrogate pair", "a string of whole Unicode characters");
}

function escapeQuoted(value: string): string {
  return value
    .replace(/["\\]/g, "\\$&")
    .replaceAll("${", "\\${")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
}

function escapeIndented(line: string): string {
  return line.replaceAll("''", "'''").replaceAll("${", "''${");
}

function survivesIndentation(value: string): boolean {
  const lines = value.split("\n");
  const last = lines.pop() ?? "";
  if (lines.length === 0 || value.includes("\r")) return false;
  if (/'''|'\$|''\\|'$/.test(value)) return false; // runs that the lexer would read otherwise
  if (last !== "" && last.trim() === "") return false; // taken for the indentation of the closing quotes
  const text = [...lines, last].filter((line) => line.trim() !== "");
  return text.some((line) => !line.startsWith(" "));
}
