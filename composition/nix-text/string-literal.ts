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

/**
 * A string with Nix's interpolations in it.
 * @param fragments - one more than `codes`. @param codes - Nix expressions.
 * @param indent - column of the line on which the string begins, for the form of several lines; undefined: on one line.
 * @returns undefined: of several lines it would not survive, see {@link printIndentedString}.
 */
export function printInterpolated(
  fragments: readonly string[],
  codes: readonly string[],
  indent: number | undefined,
): string | undefined {
  for (const fragment of fragments) refuseUnprintable(fragment);
  const join = (texts: readonly string[]): string =>
    texts.map((text, index) => (index === 0 ? text : `\${${codes[index - 1] ?? ""}}${text}`)).join("");
  if (indent === undefined) {
    // A dollar before an interpolation would take its meaning away: `$${` is text.
    const escaped = fragments.map((fragment, index) =>
      index === codes.length
        ? escapeQuoted(fragment)
        : escapeQuoted(fragment).replace(/\$+$/, (run) => "\\$".repeat(run.length)),
    );
    return `"${join(escaped)}"`;
  }
  const whole = fragments.join("x"); // an interpolation counts as text
  if (!survivesIndentation(whole) || fragments.slice(0, -1).some((fragment) => /[$']$/.test(fragment)))
    return undefined;
  const margin = " ".repeat(indent + 2);
  const isBlankAt = (index: number, line: number, lines: readonly string[]): boolean =>
    lines[line] === "" && !(line === lines.length - 1 && index < codes.length);
  const laidOut = fragments.map((fragment, index) => {
    const lines = fragment.split("\n");
    return lines
      .map((line, number) => {
        const startsLine = number > 0 || index === 0;
        return startsLine && !isBlankAt(index, number, lines) ? margin + escapeIndented(line) : escapeIndented(line);
      })
      .join("\n");
  });
  const closing = whole.endsWith("\n") ? `${" ".repeat(indent)}''` : "''";
  return `''\n${join(laidOut)}${closing}`;
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
