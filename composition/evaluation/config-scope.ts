import { FlakeConfigMisuseError, UnknownOptionError } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { formatPath, samePath, startsWithPath } from "../option-path.ts";
import { captureLocation, formatLocation } from "../source-location.ts";
import { isEvaluated } from "./lazy-value.ts";

type EvaluatedRecord = Readonly<Record<string, unknown>>;

/** Thrown through a module's function when it reads a value that cannot be known yet; the module is run again later. */
export class Suspension {
  readonly path: readonly string[];

  constructor(path: readonly string[]) {
    this.path = path;
  }
}

/** A part of `config` that is not read from the evaluation, such as the namespaces with their references. */
export interface ScopeOverlay {
  readonly path: readonly string[];
  /** @param config - the values at hand; may suspend the module that asks. */
  view(config: () => EvaluatedRecord): object;
}

const views = new WeakMap<object, readonly string[]>();

/** True for the `config` that a flake module gets and for sets reached through it. */
export function isFlakeConfig(value: unknown): boolean {
  return typeof value === "object" && value !== null && views.has(value);
}

/** The path of a set that {@link isFlakeConfig} knows, e.g. `clan.machines`; empty for `config` itself. */
export function flakeConfigPath(value: object): readonly string[] | undefined {
  return views.get(value);
}

/**
 * Makes the `config` that modules read. While modules are collected nothing is known and reading suspends; afterwards
 * it reads the evaluation at hand and notes what was read, so that a module is run again when that changes.
 */
export class ConfigScope {
  readonly root: string;
  readonly prefix: readonly string[];
  readonly #overlay: { readonly path: readonly string[]; readonly view: object } | undefined;
  /** The evaluation to read; undefined: not known yet. */
  current: EvaluatedRecord | undefined;
  /** Where reads are noted; undefined: nobody is interested any more. */
  reads: (readonly string[])[] | undefined;

  constructor(root: string, prefix: readonly string[], overlay?: ScopeOverlay) {
    this.root = root;
    this.prefix = prefix;
    this.#overlay = overlay && { path: overlay.path, view: overlay.view(() => this.#valuesFor(overlay.path)) };
  }

  view(): EvaluatedRecord {
    return this.#viewAt([], () => this.current);
  }

  #viewAt(path: readonly string[], record: () => EvaluatedRecord | undefined): EvaluatedRecord {
    const known = (): EvaluatedRecord => {
      const found = record();
      if (found === undefined) throw new Suspension(path);
      return found;
    };
    const readOnly = (): never => {
      throw this.#misuse(path, "changed", "give definitions in what the module returns; config is for reading");
    };
    const proxy = new Proxy<EvaluatedRecord>(
      {},
      {
        get: (_target, key) => this.#get(path, key, record, known),
        has: (_target, key) => typeof key === "string" && this.#noted([...path, key], Object.hasOwn(known(), key)),
        ownKeys: () => this.#noted(path, Object.keys(known())),
        getOwnPropertyDescriptor: (_target, key) => this.#describe(path, key, record, known),
        set: readOnly,
        defineProperty: readOnly,
        deleteProperty: readOnly,
      },
    );
    views.set(proxy, [...this.prefix, ...path]);
    return proxy;
  }

  #get(
    path: readonly string[],
    key: string | symbol,
    record: () => EvaluatedRecord | undefined,
    known: () => EvaluatedRecord,
  ): unknown {
    if (key === Symbol.toPrimitive)
      return () => {
        throw this.#conversion(path);
      };
    if (typeof key === "symbol") return undefined;
    const place = [...path, key];
    if (this.#overlay !== undefined && startsWithPath(this.#overlay.path, place)) {
      if (samePath(this.#overlay.path, place)) return this.#overlay.view;
      return this.#viewAt(place, () => this.#childRecord(record(), key));
    }
    if (languageKeys.has(key) && (record() === undefined || !Object.hasOwn(known(), key))) return undefined;
    const found = known();
    if (!Object.hasOwn(found, key)) throw this.#unknown(path, key, found);
    return this.#wrap(place, found[key]);
  }

  #describe(
    path: readonly string[],
    key: string | symbol,
    record: () => EvaluatedRecord | undefined,
    known: () => EvaluatedRecord,
  ): PropertyDescriptor | undefined {
    if (typeof key === "symbol" || !Object.hasOwn(known(), key)) return undefined;
    return { get: () => this.#get(path, key, record, known), enumerable: true, configurable: true };
  }

  #wrap(place: readonly string[], value: unknown): unknown {
    if (isEvaluated(value) && !Array.isArray(value)) {
      // isEvaluated: records and lists only, and this is no list.
      return this.#viewAt(place, () => value as EvaluatedRecord);
    }
    return this.#noted(place, value);
  }

  #childRecord(record: EvaluatedRecord | undefined, key: string): EvaluatedRecord | undefined {
    const child = record === undefined || !Object.hasOwn(record, key) ? undefined : record[key];
    // A set of options above the overlay's path is always a record.
    return isEvaluated(child) ? (child as EvaluatedRecord) : undefined;
  }

  #noted<T>(path: readonly string[], value: T): T {
    this.reads?.push(path);
    return value;
  }

  #valuesFor(path: readonly string[]): EvaluatedRecord {
    if (this.current === undefined) throw new Suspension(path);
    return this.#noted(path, this.current);
  }

  #name(path: readonly string[]): string {
    return formatPath(["config", ...this.prefix, ...path]);
  }

  #unknown(path: readonly string[], key: string, found: EvaluatedRecord): UnknownOptionError {
    this.reads?.push([...path, key]);
    const place = formatPath([...this.prefix, ...path, key]);
    const machine =
      "is the machine's own configuration meant? Then take `config` from the body's arguments: ({ config, pkgs }) => ({ … })";
    return new UnknownOptionError({
      summary: `config.${place}: there is no such ${path.length === 0 ? "option of the flake" : "option or attribute"}`,
      expected: `one of ${listNames(Object.keys(found))}`,
      found: JSON.stringify(key),
      at: formatLocation(captureLocation(this.root)),
      fix: didYouMean(key, Object.keys(found)) ?? machine,
    });
  }

  #conversion(path: readonly string[]): FlakeConfigMisuseError {
    return this.#misuse(
      path,
      "used as text or as a number",
      "read one of its attributes; for the machine's own configuration take `config` from the body's arguments: ({ config, pkgs }) => ({ … })",
    );
  }

  #misuse(path: readonly string[], use: string, fix: string): FlakeConfigMisuseError {
    return new FlakeConfigMisuseError({
      summary: `${this.#name(path)} is a part of the flake's configuration, and was ${use}`,
      expected: "reading attributes of it",
      found: this.#name(path),
      at: formatLocation(captureLocation(this.root)),
      fix,
    });
  }
}

/** JavaScript itself asks for these when it awaits, converts or prints a value. */
const languageKeys: ReadonlySet<string> = new Set(["then", "toJSON", "toString", "valueOf", "constructor"]);

const mostNames = 12;

/** `"a", "b", … (40 in all)` */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none: there are no names here";
  const shown = names.slice(0, mostNames).map((name) => JSON.stringify(name));
  return names.length > mostNames ? `${shown.join(", ")}, … (${names.length} in all)` : shown.join(", ");
}
