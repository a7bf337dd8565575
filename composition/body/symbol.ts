import { authorCallSite, renderCallSite } from "./call-site.ts";
import { NixSymbolMisuseError } from "./errors.ts";
import { isSpliceName, keyRead, keysAsked, type Splice, splice } from "./splice.ts";

/** What a symbolic value stands for: the Nix expression that was recorded. */
export type NixExpression =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "select"; readonly from: NixExpression; readonly attribute: string }
  | { readonly kind: "call"; readonly callee: NixExpression; readonly arguments: readonly unknown[] };

/**
 * A value that only Nix knows. Attribute paths and calls on it are recorded and printed as Nix; it may stand wherever
 * a body takes data, inside a `nix` or `text` template, and spread into a list or a set of the body (splice.ts).
 *
 * Conversion to text or number, `==`, `<`, `+`, `in`, asking for keys, assigning and JSON are errors at their line.
 * JavaScript lets nobody observe `if (symbol)`, `!symbol`, `symbol && x`, `symbol ? a : b`, `symbol === x`, `typeof` and
 * `Object.hasOwn`: a symbol is always true, and never equal, there. A body's text is searched for these
 * (branch-check.ts); under another name (`const on = config.x; if (on)`) they stay unseen. Write `lib.mkIf(symbol, …)`,
 * `lib.optionals(symbol, …)` or a `nix` template instead.
 */
export interface NixSymbol {
  (...args: readonly unknown[]): NixSymbol;
  // With noUncheckedIndexedAccess every other type gains `| undefined`, and no path of two attributes could be written.
  // biome-ignore lint/suspicious/noExplicitAny: any attribute path exists as far as TypeScript knows
  readonly [attribute: string]: any;
}

declare const machineConfig: unique symbol;

/** The machine's own configuration, which only Nix knows: not the flake's `config` with its entries. */
export type MachineConfig = NixSymbol & { readonly [machineConfig]: true };

/** What a body that is a function is given: the arguments of the module it becomes. */
export interface BodyArguments {
  readonly config: MachineConfig;
  readonly pkgs: NixSymbol;
  readonly lib: NixSymbol;
  readonly inputs: NixSymbol;
  /** The system's configuration, as seen from a homeManager body. */
  readonly osConfig: MachineConfig;
}

/** Names under which a body's arguments appear in the emitted module. */
export const bodyArgumentNames = ["config", "pkgs", "lib", "inputs", "osConfig"] as const;

/** Under this key a symbolic value tells its expression, also through a Proxy that somebody put around it. */
const recorded = Symbol("recorded Nix expression");

/** A symbolic value printed as `name`. */
export function symbol(name: string): NixSymbol {
  return record({ kind: "name", name });
}

/** The arguments for a body that is a function. */
export function bodyArguments(): BodyArguments {
  return {
    // The brand exists for the type checker only.
    config: symbol("config") as MachineConfig,
    pkgs: symbol("pkgs"),
    lib: symbol("lib"),
    inputs: symbol("inputs"),
    osConfig: symbol("osConfig") as MachineConfig,
  };
}

/** The recorded expression of a symbolic value, undefined for every other value. */
export function expressionOf(value: unknown): NixExpression | undefined {
  if (typeof value !== "function") return undefined;
  // Nobody else has the key: what stands under it is what `record` put there.
  return Reflect.get(value, recorded) as NixExpression | undefined;
}

/** True for symbolic values; never trips over their traps. */
export function isNixSymbol(value: unknown): value is NixSymbol {
  return expressionOf(value) !== undefined;
}

/** The name at the root of an expression, e.g. `config` for `config.services.sshd.enable`. */
export function rootName(expression: NixExpression): string {
  if (expression.kind === "name") return expression.name;
  return rootName(expression.kind === "select" ? expression.from : expression.callee);
}

/** The expression for a message: `config.networking.hostName`, arguments of calls left out. */
export function describeExpression(expression: NixExpression): string {
  switch (expression.kind) {
    case "name":
      return expression.name;
    case "select":
      return `${describeExpression(expression.from)}.${expression.attribute}`;
    case "call":
      return `${describeExpression(expression.callee)}(…)`;
  }
}

/** Attributes that JavaScript itself asks for when it converts a value; none of them is an attribute in Nix code. */
const conversions: ReadonlyMap<string, string> = new Map([
  ["toString", "converted to a JavaScript string"],
  ["toLocaleString", "converted to a JavaScript string"],
  ["valueOf", "converted to a JavaScript value"],
  ["toJSON", "converted to JSON"],
  ["then", "awaited"],
]);

function record(expression: NixExpression): NixSymbol {
  // The target is callable so that calls can be recorded; its own properties never show.
  const target = () => undefined;
  // A Proxy has its target's static type; the traps make it a NixSymbol.
  return new Proxy(target, trapsFor(expression)) as unknown as NixSymbol;
}

function trapsFor(expression: NixExpression): ProxyHandler<() => undefined> {
  const misuse = (use: string): never => {
    throw misuseError(expression, use);
  };
  return {
    get: (_target, key) => getAttribute(expression, key, misuse),
    apply: (_target, _receiver, args: unknown[]) => {
      const callback = args.find((argument) => typeof argument === "function" && !isNixSymbol(argument));
      if (callback !== undefined) misuse("called with a JavaScript function, which Nix cannot call");
      if (args.length === 0) misuse("called without an argument, which Nix has no form for");
      return record({ kind: "call", callee: expression, arguments: args });
    },
    has: (_target, key) => misuse(`searched with \`${String(key)} in\``),
    ownKeys: () => [keysAsked(describeExpression(expression))],
    // A Proxy around this one asks for it at every read; Object.hasOwn(symbol, …) is false without an error.
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === "string" && isSpliceName(key) ? { enumerable: true, configurable: true, value: key } : undefined,
    set: (_target, key) => misuse(`assigned to (\`.${String(key)} =\`)`),
    defineProperty: (_target, key) => misuse(`assigned to (\`.${String(key)} =\`)`),
    deleteProperty: (_target, key) => misuse(`changed (\`delete .${String(key)}\`)`),
    // `instanceof` asks for this, and is asked of every value in a body.
    getPrototypeOf: () => null,
  };
}

function getAttribute(expression: NixExpression, key: string | symbol, misuse: (use: string) => never): unknown {
  if (key === recorded) return expression;
  if (key === Symbol.toPrimitive) return misuse("converted or compared as a JavaScript value");
  if (key === Symbol.iterator) return () => oneSplice(expression, misuse);
  if (key === Symbol.asyncIterator) return misuse("iterated");
  if (key === Symbol.hasInstance) return misuse("used with instanceof");
  if (typeof key === "symbol") return undefined;
  if (isSpliceName(key)) {
    keyRead(key);
    return splice(record(expression), describeExpression(expression));
  }
  const conversion = conversions.get(key);
  if (conversion !== undefined) return misuse(conversion);
  return record({ kind: "select", from: expression, attribute: key });
}

/** What `...symbol` takes: the symbol itself, once. Whoever stops before the end wants one of its elements. */
function oneSplice(expression: NixExpression, misuse: (use: string) => never): Iterator<Splice> {
  let given = false;
  return {
    next: () => {
      if (given) return { done: true, value: undefined };
      given = true;
      return { done: false, value: splice(record(expression), describeExpression(expression)) };
    },
    return: () => misuse("taken apart"),
  };
}

function misuseError(expression: NixExpression, use: string): NixSymbolMisuseError {
  const name = describeExpression(expression);
  return new NixSymbolMisuseError({
    summary: `\`${name}\` was ${use}, but its value is known to Nix only`,
    expected: "an attribute path, a call, or a place in a body's data",
    found: `${name} as a JavaScript value`,
    at: renderCallSite(authorCallSite()),
    fix: `write text as text\`… \${${name}} …\`, anything else as a nix template; or use lib.mkIf, lib.optionals, lib.optionalString`,
  });
}
