/** A value as it is written in TypeScript. Attributes keep their order. */
export type Written = string | number | boolean | Code | Block | Body | readonly Written[] | WrittenObject;
export interface WrittenObject {
  readonly [name: string]: Written;
}

/** An expression that stands as it is, e.g. `nixos["machines/nixos/galena"]`. */
export class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with each attribute on a line of its own, also where it would fit on one. */
export class Block {
  readonly attributes: WrittenObject;

  constructor(attributes: WrittenObject) {
    this.attributes = attributes;
  }
}

/** A body that is a function of the module's arguments. */
export class Body {
  readonly arguments: readonly string[];
  readonly attributes: WrittenObject;

  constructor(names: readonly string[], attributes: WrittenObject) {
    this.arguments = names;
    this.attributes = attributes;
  }
}

/** Where a value stands, in columns from 0. */
export interface Layout {
  /** Indentation of the line on which the value begins. */
  readonly indent: string;
  /** Column of the value's first character. */
  readonly column: number;
  /** What one level adds to the indentation. */
  readonly unit: string;
}

/** As the project's own files are laid out. */
export const lineWidth = 120;

/** The value on one line where it fits with a comma after it, else its parts on lines of their own. */
export function printWritten(value: Written, { indent, column, unit }: Layout): string {
  const inline = printInline(value);
  if (inline !== undefined && column + inline.length + 1 <= lineWidth) return inline;
  const inside = indent + unit;
  if (Array.isArray(value)) {
    const elements = value.map((element: Written) =>
      printWritten(element, { indent: inside, column: inside.length, unit }),
    );
    return `[\n${elements.map((element) => `${inside}${element},\n`).join("")}${indent}]`;
  }
  if (value instanceof Body) {
    const head = `({ ${value.arguments.join(", ")} }) => (`;
    return `${head}${printWritten(new Block(value.attributes), { indent, column: column + head.length, unit })})`;
  }
  const attributes = attributesOf(value);
  if (attributes === undefined) return inline ?? "";
  const lines = Object.entries(attributes).map(([name, attribute]) => {
    const left = `${inside}${printName(name)}: `;
    return `${left}${printWritten(attribute, { indent: inside, column: left.length, unit })},\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

/** An attribute's name, in quotes where JavaScript needs them. */
export function printName(name: string): string {
  if (name === "__proto__") return '["__proto__"]'; // without brackets it is no attribute, but what the object inherits from
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name);
}

/** `.base` or `["ssh-known-hosts"]`. */
export function printAccess(name: string): string {
  const printed = printName(name);
  return printed === name ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function attributesOf(value: Written): WrittenObject | undefined {
  if (value instanceof Block) return value.attributes;
  if (typeof value !== "object" || Array.isArray(value) || value instanceof Code || value instanceof Body)
    return undefined;
  // What is neither list, code nor block is the last kind that there is.
  return value as WrittenObject;
}

/** @returns undefined where it is not to be on one line. */
function printInline(value: Written): string | undefined {
  if (value instanceof Code) return value.text;
  if (value instanceof Block || value instanceof Body) return undefined;
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const elements = value.map(printInline);
    return elements.includes(undefined) ? undefined : `[${elements.join(", ")}]`;
  }
  const attributes = Object.entries(value).map(([name, attribute]) => {
    const text = printInline(attribute);
    return text === undefined ? undefined : `${printName(name)}: ${text}`;
  });
  if (attributes.includes(undefined)) return undefined;
  return attributes.length === 0 ? "{}" : `{ ${attributes.join(", ")} }`;
}
