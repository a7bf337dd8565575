import ts from "typescript";
import { type Layout, lineWidth, printName, printWritten, type Written } from "./typescript-value.ts";

/** A part of a text that is replaced; `start` equal to `end` inserts. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A list or an object that is written out. */
export type Container = ts.ObjectLiteralExpression | ts.ArrayLiteralExpression;

/** A text with edits in it, which may not overlap. Everything else stays byte for byte. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text: put } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < at) throw new Error("two edits of one place");
    result += text.slice(at, start) + put;
    at = end;
  }
  return result + text.slice(at);
}

/** Adds attributes at the end of an object. */
export function addAttribute(source: ts.SourceFile, object: ts.ObjectLiteralExpression, name: string, value: Written) {
  return addMember(source, object, `${printName(name)}: `, value);
}

/** Adds an element at the end of a list. */
export function addElement(source: ts.SourceFile, list: ts.ArrayLiteralExpression, value: Written): TextEdit {
  return addMember(source, list, "", value);
}

/** The container keeps its layout: one of several lines gets a line more, one of one line stays so where it fits. */
function addMember(source: ts.SourceFile, container: Container, left: string, value: Written): TextEdit {
  const unit = indentUnit(source.text);
  const members = membersOf(container);
  const last = members.at(-1);
  if (last !== undefined && isBroken(source, container)) {
    const indent = indentOf(source.text, last.getStart(source));
    const comma = members.hasTrailingComma ? "" : ",";
    const start = last.getEnd();
    const end = endOfMember(source.text, start, members.hasTrailingComma);
    const printed = printWritten(value, { indent, column: indent.length + left.length, unit });
    return { start, end, text: `${comma}${source.text.slice(start, end)}\n${indent}${left}${printed},` };
  }
  if (last === undefined && hasText(source, container)) return addAfterComment(source, container, left, value, unit);
  return addOnOneLine(source, container, left, value, unit);
}

/** True where nothing but a comment stands between the brackets. */
function hasText(source: ts.SourceFile, container: Container): boolean {
  return source.text.slice(container.getStart(source) + 1, container.getEnd() - 1).trim() !== "";
}

function addAfterComment(
  source: ts.SourceFile,
  container: Container,
  left: string,
  value: Written,
  unit: string,
): TextEdit {
  const outer = indentOf(source.text, container.getStart(source));
  const indent = outer + unit;
  const close = container.getEnd() - 1;
  const start = source.text.slice(0, close).trimEnd().length;
  const printed = printWritten(value, { indent, column: indent.length + left.length, unit });
  return { start, end: close, text: `\n${indent}${left}${printed},\n${outer}` };
}

/** After the comma, where there is one, and the comment behind it on the line. */
function endOfMember(text: string, end: number, hasComma: boolean): number {
  const comma = hasComma ? text.indexOf(",", skipComments(text, end)) + 1 : end;
  return ts.getTrailingCommentRanges(text, comma)?.at(-1)?.end ?? comma;
}

function skipComments(text: string, at: number): number {
  const comments = [...(ts.getTrailingCommentRanges(text, at) ?? []), ...(ts.getLeadingCommentRanges(text, at) ?? [])];
  return Math.max(at, ...comments.map(({ end }) => end));
}

/** On the line if it stays short enough, otherwise whatever begins on this line is laid out anew around it. */
function addOnOneLine(
  source: ts.SourceFile,
  container: Container,
  left: string,
  value: Written,
  unit: string,
): TextEdit {
  const { text } = source;
  const outermost = outermostOnLine(source, container);
  const printed = printWithMember(source, outermost, { container, left, value }, undefined);
  const start = outermost.getStart(source);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", outermost.getEnd());
  const rest = (lineEnd === -1 ? text.length : lineEnd) - outermost.getEnd();
  const edit = { start, end: outermost.getEnd() };
  if (printed !== undefined && start - lineStart + printed.length + rest <= lineWidth)
    return { ...edit, text: printed };
  const layout = { indent: indentOf(text, start), column: start - lineStart, unit };
  return { ...edit, text: printWithMember(source, outermost, { container, left, value }, layout) ?? "" };
}

interface Addition {
  readonly container: Container;
  readonly left: string;
  readonly value: Written;
}

/** A container of one line, perhaps with an addition somewhere in it. @param layout - undefined: on one line, if that can be. */
function printWithMember(
  source: ts.SourceFile,
  node: Container,
  addition: Addition | undefined,
  layout: Layout | undefined,
): string | undefined {
  const [open, close] = ts.isArrayLiteralExpression(node) ? ["[", "]"] : ["{", "}"];
  const inside = layout && { ...layout, indent: layout.indent + layout.unit };
  const printed = membersOf(node).map((member) => printMember(source, member, addition, inside));
  if (node === addition?.container) printed.push(addition.left + printValue(addition, inside));
  if (printed.includes(undefined)) return undefined;
  if (inside === undefined || layout === undefined) {
    if (printed.some((one) => one?.includes("\n"))) return undefined;
    return open === "[" ? `[${printed.join(", ")}]` : `{ ${printed.join(", ")} }`;
  }
  return `${open}\n${printed.map((one) => `${inside.indent}${one},\n`).join("")}${layout.indent}${close}`;
}

function printValue({ left, value }: Addition, layout: Layout | undefined): string {
  if (layout === undefined) return printWritten(value, { indent: "", column: 0, unit: "  " });
  return printWritten(value, { ...layout, column: layout.indent.length + left.length });
}

/** A member with its comments; the one that holds the addition is gone into, and one that is too long for its line. */
function printMember(
  source: ts.SourceFile,
  member: ts.Node,
  addition: Addition | undefined,
  layout: Layout | undefined,
): string | undefined {
  const text = source.text.slice(member.getFullStart(), member.getEnd()).trim();
  const holds = addition !== undefined && member.pos <= addition.container.pos && addition.container.end <= member.end;
  const fits = layout === undefined || layout.indent.length + text.length + 1 <= lineWidth;
  if (!holds && fits) return text;
  const inner = ts.isPropertyAssignment(member) ? member.initializer : member;
  if (!ts.isObjectLiteralExpression(inner) && !ts.isArrayLiteralExpression(inner)) return holds ? undefined : text;
  if (!holds && membersOf(inner).length === 0) return text;
  const left = source.text.slice(member.getStart(source), inner.getStart(source));
  const inline = printWithMember(source, inner, addition, undefined);
  const column = (layout?.indent.length ?? 0) + left.length;
  if (inline !== undefined && (layout === undefined || column + inline.length + 1 <= lineWidth)) return left + inline;
  return layout && left + printWithMember(source, inner, addition, { ...layout, column });
}

function outermostOnLine(source: ts.SourceFile, container: Container): Container {
  let outermost = container;
  for (let node: ts.Node = container; node.parent !== undefined; node = node.parent) {
    const { parent } = node;
    if (ts.isPropertyAssignment(parent)) continue;
    if (!ts.isObjectLiteralExpression(parent) && !ts.isArrayLiteralExpression(parent)) break;
    if (isBroken(source, parent)) break;
    outermost = parent;
  }
  return outermost;
}

/** True where the first member stands below the bracket. */
export function isBroken(source: ts.SourceFile, container: Container): boolean {
  const first = membersOf(container)[0];
  if (first === undefined) return false;
  return source.text.slice(container.getStart(source), first.getStart(source)).includes("\n");
}

function membersOf(container: Container): ts.NodeArray<ts.Expression | ts.ObjectLiteralElementLike> {
  return ts.isArrayLiteralExpression(container) ? container.elements : container.properties;
}

function indentOf(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

/** The least indentation of the file; two spaces where it has none. */
function indentUnit(text: string): string {
  const indents = [...text.matchAll(/^([ \t]+)[^\s*]/gm)].map(([, indent = ""]) => indent);
  return indents.sort((a, b) => a.length - b.length)[0] ?? "  ";
}
