import { relative } from "node:path";
import { NixText } from "../body/nix-template.ts";
import { isPlainObject, type PlainObject } from "../body/plain-object.ts";
import { isSpliceName, Splice, spliceError } from "../body/splice.ts";
import { describeExpression, expressionOf, type NixExpression } from "../body/symbol.ts";
import { NixString } from "../body/text-template.ts";
import { NixFile, TreePath } from "../body/tree-path.ts";
import { EntryReference } from "../entry-reference.ts";
import { isProperty } from "../lib/property.ts";
import { printAttributeName, printAttributePath } from "./attribute-name.ts";
import { cursorAt, describePath, enter, guard, type NixCursor, type NixPlace, notData } from "./cursor.ts";
import { NotNixDataError } from "./errors.ts";
import { printNumber } from "./number-literal.ts";
import { printPath } from "./path-literal.ts";
import { printTemplate } from "./print-template.ts";
import { printNixString } from "./print-text.ts";
import { propertyCall } from "./property-call.ts";
import { attributeParts, hasSplice, listParts, onlySplice } from "./splice-parts.ts";
import { printIndentedString, printString } from "./string-literal.ts";

const lineWidth = 100;

/**
 * The Nix text of a value: data, references, symbols, templates, paths of the tree, and lists and attribute sets of
 * them. Deterministic: attributes keep the order in which they were written.
 * @param indent - column of the line on which the text will stand.
 * @throws {NotNixDataError} @throws {NixTemplateError}
 */
export function printNix(value: unknown, place: NixPlace, indent = 0): string {
  return printValue(value, cursorAt(place, indent));
}

/** The value on one line where it fits, on several otherwise. */
export function printValue(value: unknown, cursor: NixCursor): string {
  const inline = printInline(value, cursor);
  return inline !== undefined && fits(inline, cursor) ? inline : printBlock(value, cursor);
}

/** The value as a list's element or a function's argument: in parentheses unless it is one term. */
export function printTerm(value: unknown, cursor: NixCursor): string {
  const inline = printInlineTerm(value, cursor);
  if (inline !== undefined && fits(inline, cursor)) return inline;
  if (isTerm(value)) return printBlock(value, cursor);
  return value instanceof NixText ? printEnclosed(value, cursor) : `(${printBlock(value, cursor)})`;
}

/** A template of several lines in parentheses on lines of their own. */
function printEnclosed(text: NixText, cursor: NixCursor): string {
  const indent = cursor.indent + 2;
  const inner = printTemplate(text, { ...cursor, indent, column: indent });
  if (!inner.includes("\n")) return `(${inner})`;
  return `(\n${" ".repeat(indent)}${inner.trimEnd()}\n${" ".repeat(cursor.indent)})`;
}

function fits(text: string, cursor: NixCursor): boolean {
  return !text.includes("\n") && cursor.column + text.length <= lineWidth;
}

function isTerm(value: unknown): boolean {
  const only = onlySplice(value);
  if (only !== undefined) return isTerm(only);
  if (isProperty(value) || hasSplice(value)) return false;
  if (typeof value === "number" || typeof value === "bigint") return value >= 0;
  if (value instanceof NixText) return false; // its text tells: see printEnclosed
  return expressionOf(value)?.kind !== "call";
}

/** Text that needs no parentheses: an attribute path, or a string without code in braces. */
function isTermText(text: string): boolean {
  return (
    /^[A-Za-z_][\w'-]*(?:\.[A-Za-z_][\w'-]*)*$/.test(text) || /^"(?:[^"\\$]|\\.|\$(?!\{)|\$\{[\w.'-]+\})*"$/.test(text)
  );
}

/** The value on one line, however long; undefined where it should not be on one. */
function printInline(value: unknown, cursor: NixCursor): string | undefined {
  const only = onlySplice(value);
  if (only !== undefined) return printInline(only, cursor);
  if (typeof value === "string") return wantsLines(value) ? undefined : guard(() => printString(value), cursor);
  if (Array.isArray(value)) return printInlineList(value, cursor);
  if (isPlainObject(value)) return Object.keys(value).length === 0 ? "{ }" : undefined;
  const call = callOf(value, cursor);
  if (call !== undefined) return printInlineCall(call, cursor);
  const text = printBlock(value, cursor);
  return text.includes("\n") ? undefined : text;
}

function printInlineTerm(value: unknown, cursor: NixCursor): string | undefined {
  if (isPlainObject(value) && Object.keys(value).length === 1 && !hasSplice(value)) {
    const bindings = printBindings(value, { ...cursor, column: 0 });
    return bindings.length === 1 && !bindings[0]?.includes("\n") ? `{ ${bindings[0]} }` : undefined;
  }
  const inline = printInline(value, cursor);
  if (inline === undefined || isTerm(value)) return inline;
  return value instanceof NixText && isTermText(inline) ? inline : `(${inline})`;
}

function printInlineList(values: readonly unknown[], cursor: NixCursor): string | undefined {
  if (values.length === 0) return "[ ]";
  const inside = enter(values, cursor);
  if (hasSplice(values)) {
    const parts = listParts(values).map((part) => printInline(part, inside));
    return parts.includes(undefined) ? undefined : parts.join(" ++ ");
  }
  const elements: string[] = [];
  for (const [index, value] of values.entries()) {
    const element = printInlineTerm(value, { ...inside, path: [...cursor.path, `[${index}]`] });
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return `[ ${elements.join(" ")} ]`;
}

function printInlineCall({ callee, arguments: values }: Call, cursor: NixCursor): string | undefined {
  const terms: string[] = [];
  for (const value of values) {
    const term = printInlineTerm(value, cursor);
    if (term === undefined) return undefined;
    terms.push(term);
  }
  return [callee, ...terms].join(" ");
}

function printBlock(value: unknown, cursor: NixCursor): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint") return guard(() => printNumber(value), cursor);
  if (typeof value === "string") return printText(value, cursor);
  if (value instanceof EntryReference) return printReference(value, cursor.place);
  if (value instanceof TreePath || value instanceof NixFile) return printTreePath(value, cursor);
  if (value instanceof NixText) return printTemplate(value, cursor);
  if (value instanceof NixString) return printNixString(value, cursor);
  if (value instanceof Splice) throw spliceError(spliceText(value, cursor), "used as a value", value.usedAt);
  const only = onlySplice(value);
  if (only !== undefined) return printValue(only, cursor);
  if (Array.isArray(value)) return printBlockList(value, cursor);
  const call = callOf(value, cursor);
  if (call !== undefined) return printBlockCall(call, cursor);
  const expression = expressionOf(value);
  if (expression !== undefined) return printPathExpression(expression, cursor);
  if (isPlainObject(value)) return printAttributes(value, cursor);
  throw notData(value, cursor);
}

function printText(value: string, cursor: NixCursor): string {
  const quoted = guard(() => printString(value), cursor);
  return (wantsLines(value) ? printIndentedString(value, cursor.indent) : undefined) ?? quoted;
}

/** Two lines or more read better as lines. */
function wantsLines(value: string): boolean {
  return /\n[\s\S]*[^\n]/.test(value) && printIndentedString(value, 0) !== undefined;
}

function printBlockList(values: readonly unknown[], cursor: NixCursor): string {
  if (values.length === 0) return "[ ]";
  if (hasSplice(values)) return printParts(listParts(values), "++", enter(values, cursor));
  const inside = { ...enter(values, cursor), indent: cursor.indent + 2, column: cursor.indent + 2 };
  const margin = " ".repeat(inside.indent);
  const elements = values.map(
    (value, index) => `${margin}${printTerm(value, { ...inside, path: [...cursor.path, `[${index}]`] })}\n`,
  );
  return `[\n${elements.join("")}${" ".repeat(cursor.indent)}]`;
}

/** Lists or sets in the order in which they are put together, each operator on a line of its own. */
function printParts(parts: readonly unknown[], operator: "++" | "//", cursor: NixCursor): string {
  return parts.map((part) => printValue(part, cursor)).join(`\n${" ".repeat(cursor.indent)}${operator} `);
}

function spreadParts(attributes: PlainObject, cursor: NixCursor): readonly unknown[] {
  const number = Object.keys(attributes).find((name) => /^\d+$/.test(name));
  // JavaScript puts it before everything else, so that nobody can tell what wins.
  if (number !== undefined) throw notData(`attribute "${number}" beside a spread set`, cursor);
  return attributeParts(attributes);
}

function spliceText({ symbol }: Splice, cursor: NixCursor): string {
  const expression = expressionOf(symbol);
  return expression === undefined ? describePath(cursor) : describeExpression(expression);
}

/** `{ … }` over several lines. */
function printAttributes(attributes: PlainObject, cursor: NixCursor): string {
  if (hasSplice(attributes)) return printParts(spreadParts(attributes, cursor), "//", enter(attributes, cursor));
  const inside = { ...cursor, indent: cursor.indent + 2, column: cursor.indent + 2 };
  const bindings = printBindings(attributes, inside);
  if (bindings.length === 0) return "{ }";
  const margin = " ".repeat(inside.indent);
  return `{\n${bindings.map((binding) => `${margin}${binding}\n`).join("")}${" ".repeat(cursor.indent)}}`;
}

/**
 * `name = value;` for each attribute; sets of one attribute are written as a path: `a.b.c = value;`.
 * @param cursor - where the bindings stand, inside the braces.
 */
export function printBindings(attributes: PlainObject, cursor: NixCursor): readonly string[] {
  const inside = enter(attributes, cursor);
  return Object.entries(attributes).map(([name, value]) => {
    const chain = followChain(name, value, inside);
    const left = guard(() => `${printAttributePath(chain.names)} = `, inside);
    const right = printValue(chain.value, {
      ...chain.cursor,
      column: inside.column + left.length + 1, // with the semicolon
    });
    return `${left}${right};`;
  });
}

interface Chain {
  readonly names: readonly string[];
  readonly value: unknown;
  readonly cursor: NixCursor;
}

function followChain(first: string, value: unknown, cursor: NixCursor): Chain {
  const below: NixCursor = { ...cursor, path: [...cursor.path, first] };
  if (!isPlainObject(value)) return { names: [first], value, cursor: below };
  const [only, ...others] = Object.entries(value);
  if (only === undefined || others.length > 0 || isSpliceName(only[0])) return { names: [first], value, cursor: below };
  const chain = followChain(only[0], only[1], enter(value, below));
  return { ...chain, names: [first, ...chain.names] };
}

interface Call {
  readonly callee: string;
  readonly arguments: readonly unknown[];
}

/** The function and arguments of a recorded call or a property of the flake's lib; undefined for anything else. */
function callOf(value: unknown, cursor: NixCursor): Call | undefined {
  if (isProperty(value)) return propertyCall(value);
  const expression = expressionOf(value);
  if (expression?.kind !== "call") return undefined;
  // f(a)(b) and f(a, b) are the same in Nix: functions take one argument at a time.
  let { callee, arguments: values } = expression;
  while (callee.kind === "call") {
    values = [...callee.arguments, ...values];
    callee = callee.callee;
  }
  return { callee: printPathExpression(callee, cursor), arguments: values };
}

function printBlockCall({ callee, arguments: values }: Call, cursor: NixCursor): string {
  let text = callee;
  for (const value of values) {
    const column = cursor.column + text.length + 1;
    text += ` ${printTerm(value, { ...cursor, column })}`;
  }
  return text;
}

function printPathExpression(expression: NixExpression, cursor: NixCursor): string {
  switch (expression.kind) {
    case "name":
      return expression.name;
    case "select":
      return `${printPathExpression(expression.from, cursor)}.${printAttributeName(expression.attribute)}`;
    case "call": {
      const values = expression.arguments.map((value) => printTerm(value, cursor));
      return `(${[printPathExpression(expression.callee, cursor), ...values].join(" ")})`;
    }
  }
}

function printReference(reference: EntryReference, place: NixPlace): string {
  return `${place.modules}.${printAttributePath([reference.class, reference.entry])}`;
}

function printTreePath({ path }: TreePath | NixFile, cursor: NixCursor): string {
  const { root, folder } = cursor.place;
  if (!relative(root, path).startsWith("..")) return printPath(folder, path);
  throw new NotNixDataError({
    summary: `${describePath(cursor)}: the path leads out of the fleet`,
    expected: `a file below ${root}`,
    found: path,
    at: cursor.place.at,
    fix: "move the file into the repository: a flake sees nothing outside of itself",
  });
}
