import { lineWidth, printAccess, printName } from "../authoring/typescript-value.ts";
import type { NixComment } from "./nix-tokens.ts";
import type { Data, Remarks } from "./plain-data.ts";

/** Text in TypeScript as it stands, e.g. a call. */
export interface Expression {
  readonly kind: "expression";
  readonly text: string;
}

/** What may be printed: data, with an expression at its end where it is not all data. */
export type Printed = Data | Expression;

/** A set of one attribute on lines of its own, as flake modules are written. */
export interface Nest {
  readonly name: string;
  readonly remarks: Remarks;
}

const unit = "  ";

/**
 * A value below nested names, as an object of TypeScript with every comment at its place.
 * @param indent - of the line on which the object begins.
 */
export function printNested(nests: readonly Nest[], value: Printed, indent: string): string {
  const [nest, ...below] = nests;
  if (nest === undefined) return value.kind === "set" ? printBlock(value, indent) : printData(value, indent, 0);
  const inside = indent + unit;
  const name = `${printName(nest.name)}: `;
  const line = `${inside}${name}${printNested(below, value, inside)},`;
  return `{\n${printBefore(nest.remarks.before, inside)}${line}${printAfter(nest.remarks)}\n${indent}}`;
}

/** On one line where it fits with what stands before it, else on several. */
function printData(data: Printed, indent: string, column: number): string {
  const inline = printInline(data);
  if (inline !== undefined && column + inline.length + 1 <= lineWidth) return inline;
  return printBlock(data, indent);
}

function printBlock(data: Printed, indent: string): string {
  const inside = indent + unit;
  if (data.kind === "set") {
    if (data.attributes.length + data.end.length === 0) return "{}";
    const lines = data.attributes.map(({ name, value, remarks }) =>
      printLine(remarks, inside, `${printName(name)}: `, value),
    );
    return `{\n${lines.join("")}${printBefore(data.end, inside)}${indent}}`;
  }
  if (data.kind === "list") {
    const numbers = printNumbers(data, inside);
    if (numbers !== undefined) return `[\n${numbers}${indent}]`;
    const lines = data.elements.map(({ value, remarks }) => printLine(remarks, inside, "", value));
    return `[\n${lines.join("")}${printBefore(data.end, inside)}${indent}]`;
  }
  if (data.kind === "scalar" && typeof data.value === "string" && data.value.includes("\n")) {
    const lines = data.value.split("\n").map((line) => `${inside}${JSON.stringify(line)},\n`);
    return `[\n${lines.join("")}${indent}].join("\\n")`;
  }
  return printInline(data) ?? "";
}

/** As many numbers on a line as fit: so the project's layout has them. @returns undefined: there is something else. */
function printNumbers(list: Extract<Data, { kind: "list" }>, indent: string): string | undefined {
  const isBare = ({ value, remarks }: (typeof list.elements)[number]): boolean =>
    value.kind === "scalar" && typeof value.value === "number" && !hasRemarks(remarks);
  if (list.end.length > 0 || !list.elements.every(isBare)) return undefined;
  const lines: string[] = [];
  for (const { value } of list.elements) {
    const number = `${printInline(value) ?? ""},`;
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + number.length <= lineWidth) lines.splice(-1, 1, `${line} ${number}`);
    else lines.push(indent + number);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function printLine(remarks: Remarks, indent: string, left: string, value: Data): string {
  const text = printData(value, indent, indent.length + left.length);
  return `${printBefore(remarks.before, indent)}${indent}${left}${text},${printAfter(remarks)}\n`;
}

/** @returns undefined: it has comments, which need lines. */
function printInline(data: Printed): string | undefined {
  switch (data.kind) {
    case "expression":
      return data.text;
    case "reference":
      return `${data.class}${printAccess(data.entry)}`;
    case "scalar":
      return typeof data.value === "bigint" ? `${data.value}n` : JSON.stringify(data.value);
    case "list": {
      const elements = data.elements.map(({ value, remarks }) =>
        hasRemarks(remarks) ? undefined : printInline(value),
      );
      return elements.includes(undefined) || data.end.length > 0 ? undefined : `[${elements.join(", ")}]`;
    }
    case "set": {
      const attributes = data.attributes.map(({ name, value, remarks }) => {
        const text = hasRemarks(remarks) ? undefined : printInline(value);
        return text === undefined ? undefined : `${printName(name)}: ${text}`;
      });
      if (attributes.includes(undefined) || data.end.length > 0) return undefined;
      return attributes.length === 0 ? "{}" : `{ ${attributes.join(", ")} }`;
    }
  }
}

function hasRemarks({ before, after }: Remarks): boolean {
  return before.length > 0 || after !== undefined;
}

/** Comments on lines of their own. */
export function printBefore(comments: readonly NixComment[], indent: string): string {
  return comments.map((comment) => `${indent}${printComment(comment)}\n`).join("");
}

function printAfter({ after }: Remarks): string {
  return after === undefined ? "" : ` ${printComment(after)}`;
}

/** The same words: `# …` becomes `// …`, and the other kind is one of TypeScript's too. */
export function printComment({ text }: NixComment): string {
  return text.startsWith("#") ? `//${text.slice(1)}` : text;
}

/** Every comment that the value holds. */
export function* commentsIn(data: Printed): Iterable<NixComment> {
  if (data.kind !== "set" && data.kind !== "list") return;
  for (const { value, remarks } of data.kind === "set" ? data.attributes : data.elements) {
    yield* remarks.before;
    if (remarks.after !== undefined) yield remarks.after;
    yield* commentsIn(value);
  }
  yield* data.end;
}

/** Classes of the entries to which the value refers. */
export function* classesIn(data: Printed): Iterable<string> {
  if (data.kind === "reference") yield data.class;
  if (data.kind !== "set" && data.kind !== "list") return;
  for (const { value } of data.kind === "set" ? data.attributes : data.elements) yield* classesIn(value);
}
