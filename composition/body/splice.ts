import { authorCallSite, type CallSite, renderCallSite } from "./call-site.ts";
import { NixSymbolMisuseError } from "./errors.ts";

/**
 * A list or a set that only Nix knows, spread into one that is written in JavaScript: `[pkgs.git, ...lib.optionals(on, [ … ])]`
 * and `{ a: 1, ...lib.optionalAttrs(on, { … }) }`. It stands where its elements would stand, and is printed with `++` and `//`.
 * Everything else that may be done with an element of such a list is an error at its line.
 */
export class Splice {
  /** The symbol that was spread. */
  readonly symbol: unknown;
  readonly usedAt: CallSite | undefined;

  constructor(symbol: unknown, usedAt: CallSite | undefined) {
    this.symbol = symbol;
    this.usedAt = usedAt;
  }
}

const ownKeys: ReadonlySet<PropertyKey> = new Set(["symbol", "usedAt"]);

/** @param name - of the symbol, for messages. */
export function splice(symbol: unknown, name: string): Splice {
  const usedAt = authorCallSite();
  return new Proxy(new Splice(symbol, usedAt), {
    get: (target, key) => {
      if (ownKeys.has(key)) return Reflect.get(target, key);
      if (typeof key === "symbol" && key !== Symbol.toPrimitive && key !== Symbol.iterator) return undefined;
      throw spliceError(name, `asked for ${typeof key === "symbol" ? "its value" : `\`.${key}\``}`, authorCallSite());
    },
  });
}

/** Sets have no place for a value without a name: a spread one has a name that no Nix attribute can have. */
const nameStart = "\0spread ";
let spreads = 0;

/** The name under which a spread set stands among the attributes. */
export function spliceName(): string {
  return `${nameStart}${++spreads}`;
}

export function isSpliceName(name: string): boolean {
  return name.startsWith(nameStart);
}

/** A spread symbol in the place of a value, or used as one. */
export function spliceError(name: string, use: string, site: CallSite | undefined): NixSymbolMisuseError {
  return new NixSymbolMisuseError({
    summary: `an element of \`${name}\` was ${use}, but its elements are known to Nix only`,
    expected: "all of them at once, spread into a list or a set of the body",
    found: `one of ${name}`,
    at: renderCallSite(site),
    fix: `use lib.map, lib.filter, lib.mapAttrs with a function in Nix: lib.map(nix\`element: …\`, ${name})`,
  });
}

/** Keys of symbols that were asked for and not followed by reading their values, as a spread does. */
const askedKeys = new Map<string, { readonly name: string; readonly site: CallSite | undefined }>();

/** JavaScript asks for keys before it spreads. @returns the name under which the symbol will stand. */
export function keysAsked(name: string): string {
  const key = spliceName();
  askedKeys.set(key, { name, site: authorCallSite() });
  return key;
}

/** The value was read as well: it is a spread. */
export function keyRead(key: string): void {
  askedKeys.delete(key);
}

/** Begins anew: what a body that threw has asked for is not the next one's. */
export function forgetAskedKeys(): void {
  askedKeys.clear();
}

/** @throws {NixSymbolMisuseError} keys of a symbol were asked for since the last time, and for nothing but themselves. */
export function refuseAskedKeys(): void {
  const [first] = askedKeys.values();
  askedKeys.clear();
  if (first === undefined) return;
  const { name, site } = first;
  throw new NixSymbolMisuseError({
    summary: `\`${name}\` was asked for its keys, but they are known to Nix only`,
    expected: "a spread of all of it, or an attribute by its name",
    found: `the keys of ${name}`,
    at: renderCallSite(site),
    fix: `use lib.attrNames(${name}), or lib.mapAttrs with a function in Nix`,
  });
}
