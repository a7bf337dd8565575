import { type CallSite, renderCallSite } from "../body/call-site.ts";
import { NixText } from "../body/nix-template.ts";
import { isNixSymbol } from "../body/symbol.ts";
import { NixString } from "../body/text-template.ts";
import { NixFile, TreePath } from "../body/tree-path.ts";
import { isBareName } from "./attribute-name.ts";
import { guard, type NixCursor } from "./cursor.ts";
import { NixTemplateError } from "./errors.ts";
import { type NixPosition, NixScanner } from "./nix-scanner.ts";
import { printTerm } from "./print-nix.ts";
import { isPlainInStrings, printString } from "./string-literal.ts";

/** A value between two fragments, and what the text around it makes of it. */
interface Slot {
  readonly value: unknown;
  readonly position: NixPosition;
  /** The text right before it, and all that follows, with a word for every further value. */
  readonly before: string;
  readonly after: string;
}

interface TemplateLine {
  /** Its indentation is part of a string's value. */
  readonly verbatim: boolean;
  readonly parts: readonly (string | Slot)[];
}

/**
 * The text of a `nix` template at its place: the common indentation gone, the place's own instead, blank lines around
 * it dropped. Lines inside of strings that would change with their indentation are left alone.
 * @throws {NixTemplateError} @throws {NotNixDataError}
 */
export function printTemplate(text: NixText, cursor: NixCursor): string {
  const scanner = new NixScanner();
  const lines = dropBlankEnds(dedent(splitLines(scanTemplate(text, scanner), scanner)));
  if (scanner.problem !== undefined) throw templateError(text, scanner.problem, cursor);
  if (lines.length === 0) throw templateError(text, "nothing but blanks", cursor);
  const margin = " ".repeat(cursor.indent);
  const printed = lines.map((line, index) => {
    const bare = line.parts
      .map((part) => (typeof part === "string" ? part : printSlot(part, text, line, cursor)))
      .join("");
    return index === 0 || line.verbatim || bare === "" ? bare : margin + bare;
  });
  // What follows on the same line would become part of the comment.
  return printed.join("\n") + (scanner.endsInLineComment ? `\n${margin}` : "");
}

function scanTemplate(text: NixText, scanner: NixScanner): readonly (string | Slot)[] {
  return text.fragments.flatMap((fragment, index): (string | Slot)[] => {
    scanner.feed(fragment);
    if (index >= text.values.length) return [fragment];
    const slot = {
      value: text.values[index],
      position: scanner.position,
      before: fragment,
      after: text.fragments.slice(index + 1).join("value"),
    };
    return [fragment, slot];
  });
}

function splitLines(parts: readonly (string | Slot)[], { verbatimLines }: NixScanner): readonly TemplateLine[] {
  const lines: { verbatim: boolean; parts: (string | Slot)[] }[] = [{ verbatim: false, parts: [] }];
  for (const part of parts) {
    const [first, ...others] = typeof part === "string" ? part.split("\n") : [part];
    if (first !== undefined && first !== "") lines.at(-1)?.parts.push(first);
    for (const text of others) {
      lines.push({ verbatim: verbatimLines[lines.length - 1] ?? false, parts: text === "" ? [] : [text] });
    }
  }
  return lines;
}

function isBlank(line: TemplateLine): boolean {
  return line.parts.every((part) => typeof part === "string" && part.trim() === "");
}

function leadingSpaces(line: TemplateLine): number {
  const [first] = line.parts;
  return typeof first === "string" ? first.length - first.replace(/^ +/, "").length : 0;
}

/** Takes the least indentation off every line; the first one begins after the template's quote and has none to compare. */
function dedent(lines: readonly TemplateLine[]): readonly TemplateLine[] {
  const compared = lines.slice(1).filter((line) => !line.verbatim && !isBlank(line));
  const common = Math.min(...compared.map(leadingSpaces));
  return lines.map((line, index) => {
    const [first, ...others] = line.parts;
    if (line.verbatim || typeof first !== "string") return line;
    const taken = index === 0 ? first.replace(/^ +/, "") : first.slice(Math.min(common, leadingSpaces(line)));
    return { ...line, parts: [taken, ...others] };
  });
}

function dropBlankEnds(lines: readonly TemplateLine[]): readonly TemplateLine[] {
  const first = lines.findIndex((line) => !isBlank(line));
  const last = lines.findLastIndex((line) => !isBlank(line));
  return lines.slice(first === -1 ? lines.length : first, last + 1);
}

function printSlot(slot: Slot, text: NixText, line: TemplateLine, cursor: NixCursor): string {
  const indent = cursor.indent + (line.verbatim ? 0 : leadingSpaces(line));
  const at = { ...cursor, indent, column: indent };
  switch (slot.position) {
    case "comment":
      throw templateError(text, "a value inside a comment", cursor);
    case "code":
      return printInCode(slot, text, at);
    case "string":
    case "indented-string":
      return printInString(slot.value, text, at);
  }
}

/** In a Nix string: text and whole numbers become part of it, what Nix knows is interpolated there. */
function printInString(value: unknown, text: NixText, cursor: NixCursor): string {
  if (typeof value === "string")
    return isPlainInStrings(value) ? value : `\${${guard(() => printString(value), cursor)}}`;
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return String(value);
  if (isInterpolated(value)) return `\${${withoutParentheses(value, cursor)}}`;
  throw templateError(text, `${describe(value)} inside a Nix string`, cursor);
}

export function isInterpolated(value: unknown): boolean {
  return (
    isNixSymbol(value) ||
    value instanceof NixText ||
    value instanceof NixString ||
    value instanceof TreePath ||
    value instanceof NixFile
  );
}

export function withoutParentheses(value: unknown, cursor: NixCursor): string {
  return value instanceof NixText ? printTemplate(value, cursor) : printTerm(value, cursor);
}

function printInCode(slot: Slot, text: NixText, cursor: NixCursor): string {
  const { value, before, after } = slot;
  // A path goes on with what follows its slash; `//` is an operator, and after `/` and a blank stands a divisor.
  if (/[\w.~)+-]\/$/.test(before) || /^\//.test(after))
    throw templateError(text, "a value as a part of a path", cursor);
  const selects = /[^.\s]\s*\.$/.test(before) && !/(?:^|[\s([])\.\.?$/.test(before);
  const defines = /^\s*(?:\.\s*(?:[A-Za-z_][\w'-]*|"[^"$]*")\s*)*=(?!=)/.test(after);
  if (!selects && !defines) return printTerm(value, cursor);
  if (typeof value === "string") return isBareName(value) ? value : guard(() => printString(value), cursor);
  if (isInterpolated(value)) return `\${${withoutParentheses(value, cursor)}}`;
  throw templateError(text, `${describe(value)} as an attribute's name`, cursor);
}

export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export function templateError(
  text: { readonly usedAt: CallSite | undefined },
  found: string,
  cursor: NixCursor,
): NixTemplateError {
  const place = text.usedAt === undefined ? cursor.place.at : renderCallSite(text.usedAt);
  return new NixTemplateError({
    summary: `a ${text instanceof NixString ? "text" : "nix"} template cannot be printed: ${found}`,
    expected: "one whole Nix expression, with values where an expression, a name or text may stand",
    found,
    at: place,
    fix: 'close what is open, name files with file("./…"), and give Nix strings text, numbers or symbols',
  });
}
