import type { NixComment, NixToken } from "./nix-tokens.ts";

/** Comments around an attribute or an element. */
export interface Remarks {
  readonly before: NixComment[];
  /** On the line where it ends. */
  after: NixComment | undefined;
}

export interface DataSet {
  readonly kind: "set";
  readonly attributes: { readonly name: string; value: Data; readonly remarks: Remarks }[];
  /** Comments after the last one. */
  readonly end: NixComment[];
}

/** A value that means the same in Nix and in TypeScript, with the comments that stand in it. */
export type Data =
  | { readonly kind: "scalar"; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: "reference"; readonly class: string; readonly entry: string }
  | {
      readonly kind: "list";
      readonly elements: readonly { readonly value: Data; readonly remarks: Remarks }[];
      readonly end: readonly NixComment[];
    }
  | DataSet;

/** What the parser knows of the file around. */
export interface DataScope {
  readonly text: string;
  readonly tokens: readonly NixToken[];
  readonly comments: readonly NixComment[];
  /** Name → class, for entries that are named by it. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Whether `config` is the flake's here. */
  readonly hasConfig: boolean;
  /** Names with a meaning of their own here: `true` among them would not be the boolean. */
  readonly names: ReadonlySet<string>;
}

const literals: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Not data: to be left in Nix. Never seen by users. */
class NotPlainError extends Error {}

/**
 * Reads literals, lists, sets and references to entries.
 * @param from - index of the first token, `to` of the first that is no longer part. @returns undefined: it is something else.
 */
export function readPlainData(scope: DataScope, from: number, to: number): Data | undefined {
  try {
    const reader = new DataReader(scope, from, to);
    const data = reader.value();
    return reader.isAtEnd ? data : undefined;
  } catch (error) {
    if (error instanceof NotPlainError) return undefined;
    throw error;
  }
}

class DataReader {
  readonly #scope: DataScope;
  readonly #to: number;
  #at: number;
  /** Offset up to which comments have their place. */
  #said: number;

  constructor(scope: DataScope, from: number, to: number) {
    this.#scope = scope;
    this.#at = from;
    this.#to = to;
    this.#said = scope.tokens[from]?.start ?? 0;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#to;
  }

  value(): Data {
    const token = this.#take();
    if (token.kind === "string") return { kind: "scalar", value: token.value ?? notPlain() };
    if (token.kind === "integer") return { kind: "scalar", value: readInteger(token.text) };
    if (token.kind === "float") return { kind: "scalar", value: readFloat(token.text) };
    if (token.kind === "name") return this.#named(token);
    if (token.text === "-") return this.#negative();
    if (token.text === "(") {
      const inner = this.value();
      this.#expect(")");
      return inner;
    }
    if (token.text === "[") return this.#list();
    return token.text === "{" ? this.#set() : notPlain();
  }

  #negative(): Data {
    const data = this.value();
    if (data.kind !== "scalar" || (typeof data.value !== "number" && typeof data.value !== "bigint")) return notPlain();
    return { kind: "scalar", value: data.value === 0 ? 0 : -data.value };
  }

  #named(token: NixToken): Data {
    const { names, namespaces, hasConfig } = this.#scope;
    const literal = literals.get(token.text);
    if (literal !== undefined) return names.has(token.text) ? notPlain() : { kind: "scalar", value: literal };
    const path = [token.text];
    while (this.#peek() === ".") {
      this.#take();
      path.push(this.#attribute());
    }
    if (this.#peek() === "or") return notPlain();
    const [className, entry, ...more] =
      hasConfig && path.slice(0, 3).join(".") === "config.flake.modules"
        ? path.slice(3)
        : [namespaces.get(token.text), ...path.slice(1)];
    // In TypeScript `common` is another name of `generic`, in Nix it is a class of its own.
    if (className === undefined || className === "common" || entry === undefined || more.length > 0) return notPlain();
    return { kind: "reference", class: className, entry };
  }

  #list(): Data {
    const elements: { readonly value: Data; readonly remarks: Remarks }[] = [];
    while (this.#peek() !== "]") {
      const remarks: Remarks = { before: this.#comments(this.#next().start), after: undefined };
      if (this.#peek() === "-") notPlain();
      const value = this.value();
      remarks.before.push(...this.#comments(this.#end));
      remarks.after = this.#commentOnLine();
      elements.push({ value, remarks });
    }
    const end = this.#comments(this.#next().start);
    this.#take();
    return { kind: "list", elements, end };
  }

  #set(): DataSet {
    const set: DataSet = { kind: "set", attributes: [], end: [] };
    while (this.#peek() !== "}") {
      const remarks: Remarks = { before: this.#comments(this.#next().start), after: undefined };
      const path = [this.#attribute()];
      while (this.#peek() === ".") {
        this.#take();
        path.push(this.#attribute());
      }
      this.#expect("=");
      const value = this.value();
      this.#expect(";");
      remarks.before.push(...this.#comments(this.#end));
      remarks.after = this.#commentOnLine();
      if (!define(set, path, value, remarks)) notPlain();
    }
    set.end.push(...this.#comments(this.#next().start));
    this.#take();
    return set;
  }

  #attribute(): string {
    const token = this.#take();
    if (token.kind === "string") return token.value ?? notPlain();
    return token.kind === "name" && token.text !== "inherit" ? token.text : notPlain();
  }

  /** Comments up to an offset that have no place yet. */
  #comments(until: number): NixComment[] {
    const from = this.#said;
    this.#said = Math.max(from, until);
    return this.#scope.comments.filter(({ start }) => start >= from && start < until);
  }

  /** `# …` after what was read last, on its line, where nothing else follows it. */
  #commentOnLine(): NixComment | undefined {
    const { comments, text } = this.#scope;
    const found = comments.find(({ start }) => start >= this.#end);
    if (!found?.text.startsWith("#") || !/^[ \t]*$/.test(text.slice(this.#end, found.start))) return undefined;
    if (this.#at < this.#to && this.#next().start < found.start) return undefined;
    this.#said = found.end;
    return found;
  }

  /** Offset after the last token that was read. */
  get #end(): number {
    return this.#scope.tokens[this.#at - 1]?.end ?? 0;
  }

  #next(): NixToken {
    const token = this.#at < this.#to ? this.#scope.tokens[this.#at] : undefined;
    return token ?? notPlain();
  }

  /** Text of the next token, unless it is a string. */
  #peek(): string | undefined {
    const token = this.#at < this.#to ? this.#scope.tokens[this.#at] : undefined;
    return token?.kind === "string" ? undefined : token?.text;
  }

  #take(): NixToken {
    const token = this.#next();
    this.#at++;
    return token;
  }

  #expect(text: string): void {
    if (this.#peek() !== text) notPlain();
    this.#at++;
  }
}

/**
 * Puts a value into a set, into sets below it where the path has further names. Nix joins sets that are written out.
 * @returns false: something is there already.
 */
export function define(set: DataSet, path: readonly string[], value: Data, remarks: Remarks): boolean {
  const [name = "", ...below] = path;
  const known = set.attributes.find((attribute) => attribute.name === name);
  if (known === undefined && below.length === 0) {
    set.attributes.push({ name, value, remarks });
    return true;
  }
  if (known === undefined) {
    const made: DataSet = { kind: "set", attributes: [], end: [] };
    set.attributes.push({ name, value: made, remarks: { before: [], after: undefined } });
    return define(made, below, value, remarks);
  }
  if (known.value.kind !== "set") return false;
  if (below.length > 0) return define(known.value, below, value, remarks);
  if (value.kind !== "set") return false;
  known.remarks.before.push(...remarks.before, ...(remarks.after === undefined ? [] : [remarks.after]));
  known.value.end.push(...value.end);
  for (const one of value.attributes) if (!define(known.value, [one.name], one.value, one.remarks)) return false;
  return true;
}

function readInteger(text: string): number | bigint {
  const value = BigInt(text);
  if (value >= 2n ** 63n) return notPlain();
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** What is whole would be an integer in TypeScript. */
function readFloat(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) || !Number.isFinite(value) || Math.abs(value) < 2 ** -1022 ? notPlain() : value;
}

function notPlain(): never {
  throw new NotPlainError("no plain data");
}
