import { FlakeConfigMisuseError, UnknownOptionError } from "../errors.ts";
import { equalValues } from "../lib/equal-values.ts";
import { didYouMean } from "../nearest.ts";
import { formatPath, samePath, startsWithPath } from "../option-path.ts";
import { listNames } from "../show-value.ts";
import { captureLocation, formatLocation } from "../source-location.ts";
import { isEvaluated } from "./lazy-value.ts";
import { unknownValue } from "./unknown-value.ts";

export type EvaluatedRecord = Readonly<Record<string, unknown>>;

/** A part of `config` that is not read from the evaluation, such as the namespaces with their references. */
export interface ScopeOverlay {
  readonly path: readonly string[];
  /** @param config - the values at hand; undefined while nothing is known. */
  view(config: () => EvaluatedRecord | undefined): object;
  /**
   * A run begins: what an earlier run of the same module asked for counts no longer.
   * @param run - the module; undefined: what this run asks for does not count.
   * @param called - its function, which is called next; absent: none is, or not to be repeated.
   */
  startRun(run: unknown, called?: RepeatableCall): void;
  /** The function has returned. */
  endCall(): void;
}

/** A module's function with its arguments. */
export interface RepeatableCall {
  /** As messages show it. */
  readonly file: string;
  /** Calls it once more, for what can be seen on the way: what it says, reads or throws does not count. */
  repeat(): void;
}

/** Something that a function learned from `config`. */
export interface Read {
  readonly path: readonly string[];
  readonly kind: "value" | "names" | "presence";
  /** Absent where reading it threw. */
  readonly observed?: unknown;
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

/** Makes a part of `config` known to {@link isFlakeConfig}. */
export function markFlakeConfig(value: object, path: readonly string[]): void {
  views.set(value, path);
}

/**
 * Makes the `config` that modules read. While modules are collected nothing is known: reads give stand-ins. Afterwards
 * it reads the evaluation at hand and notes what was read, so that a function is run again when that changes.
 */
export class ConfigScope {
  readonly root: string;
  readonly prefix: readonly string[];
  readonly #overlay: { readonly scope: ScopeOverlay; readonly view: object } | undefined;
  /** The evaluation to read; undefined: nothing is known yet. */
  current: EvaluatedRecord | undefined;
  /** Where reads are noted; undefined: nobody is interested any more. */
  reads: Read[] | undefined;
  /** What to take as unknown although it is known; a value's attributes with it. */
  blocked: readonly Read[] = [];
  /** A stand-in was given out since this was last set to false. */
  gaveUnknown = false;

  constructor(root: string, prefix: readonly string[], overlay?: ScopeOverlay) {
    this.root = root;
    this.prefix = prefix;
    this.#overlay = overlay && { scope: overlay, view: overlay.view(() => this.#valuesFor(overlay.path)) };
  }

  view(): EvaluatedRecord {
    return this.#viewAt([], () => this.current);
  }

  startRun(run: unknown, called?: RepeatableCall): void {
    this.#overlay?.scope.startRun(run, called);
  }

  endCall(): void {
    this.#overlay?.scope.endCall();
  }

  /** Does something whose reads are nobody's. */
  unnoticed(act: () => void): void {
    const { reads, gaveUnknown } = this;
    this.reads = undefined;
    try {
      act();
    } finally {
      this.reads = reads;
      this.gaveUnknown = gaveUnknown;
    }
  }

  /** Whether reading again would give the same. */
  stillHolds(read: Read): boolean {
    if (!Object.hasOwn(read, "observed")) return false;
    try {
      return equalValues(observe(this.current, read.path, read.kind), read.observed);
    } catch {
      // Whatever is wrong now is an error of the function that reads it, when it is run again.
      return false;
    }
  }

  #viewAt(path: readonly string[], record: () => EvaluatedRecord | undefined): EvaluatedRecord {
    const readOnly = (): never => {
      throw this.#misuse(path, "changed", "give definitions in what the module returns; config is for reading");
    };
    const proxy = new Proxy<EvaluatedRecord>(
      {},
      {
        get: (_target, key) => this.#get(path, key, record()),
        has: (_target, key) => typeof key === "string" && this.#isPresent([...path, key], key, record()),
        ownKeys: () => [...this.#names(path, record())],
        getOwnPropertyDescriptor: (_target, key) => this.#describe(path, key, record),
        set: readOnly,
        defineProperty: readOnly,
        deleteProperty: readOnly,
      },
    );
    views.set(proxy, [...this.prefix, ...path]);
    return proxy;
  }

  #get(path: readonly string[], key: string | symbol, record: EvaluatedRecord | undefined): unknown {
    if (key === Symbol.toPrimitive) {
      return () => {
        throw this.#conversion(path);
      };
    }
    if (typeof key === "symbol") return undefined;
    const place = [...path, key];
    const overlay = this.#overlay;
    if (overlay !== undefined && startsWithPath(overlay.scope.path, place)) {
      if (samePath(overlay.scope.path, place)) return overlay.view;
      return this.#viewAt(place, () => asRecord(observe(this.current, place, "value")));
    }
    if (languageKeys.has(key) && (record === undefined || !Object.hasOwn(record, key))) return undefined;
    if (record === undefined || this.#isBlocked(place, "value")) return this.#unknown();
    if (!Object.hasOwn(record, key)) throw this.#noSuchOption(path, key, record);
    return this.#value(place, key, record);
  }

  #value(place: readonly string[], key: string, record: EvaluatedRecord): unknown {
    const failed = this.reads?.push({ path: place, kind: "value" });
    const value = record[key];
    // It did not throw.
    if (failed !== undefined) this.reads?.splice(failed - 1, 1);
    // Looked up anew at each use: a body may keep the view until everything is known.
    if (asRecord(value) !== undefined)
      return this.#viewAt(place, () => asRecord(observe(this.current, place, "value")));
    this.reads?.push({ path: place, kind: "value", observed: value });
    return value;
  }

  #names(path: readonly string[], record: EvaluatedRecord | undefined): readonly string[] {
    if (record === undefined || this.#isBlocked(path, "names")) {
      this.gaveUnknown = true;
      return [];
    }
    const names = Object.keys(record);
    this.reads?.push({ path, kind: "names", observed: names });
    return names;
  }

  #isPresent(place: readonly string[], key: string, record: EvaluatedRecord | undefined): boolean {
    if (record === undefined || this.#isBlocked(place, "presence")) {
      this.gaveUnknown = true;
      return false;
    }
    const present = Object.hasOwn(record, key);
    this.reads?.push({ path: place, kind: "presence", observed: present });
    return present;
  }

  #describe(
    path: readonly string[],
    key: string | symbol,
    record: () => EvaluatedRecord | undefined,
  ): PropertyDescriptor | undefined {
    const values = record();
    if (typeof key === "symbol" || values === undefined || !Object.hasOwn(values, key)) return undefined;
    return { get: () => this.#get(path, key, record()), enumerable: true, configurable: true };
  }

  #isBlocked(place: readonly string[], kind: Read["kind"]): boolean {
    return this.blocked.some((read) =>
      read.kind === "value" ? startsWithPath(place, read.path) : read.kind === kind && samePath(place, read.path),
    );
  }

  #unknown(): unknown {
    this.gaveUnknown = true;
    return unknownValue();
  }

  #valuesFor(path: readonly string[]): EvaluatedRecord | undefined {
    if (this.current === undefined) this.gaveUnknown = true;
    else this.reads?.push({ path, kind: "names", observed: observe(this.current, path, "names") });
    return this.current;
  }

  #noSuchOption(path: readonly string[], key: string, record: EvaluatedRecord): UnknownOptionError {
    this.reads?.push({ path: [...path, key], kind: "value" });
    const names = Object.keys(record);
    return new UnknownOptionError({
      summary: `${this.#name([...path, key])}: there is no such ${path.length === 0 ? "option" : "option or attribute"}`,
      expected: names.length === 0 ? "nothing: it is empty" : `one of ${listNames(names)}`,
      found: JSON.stringify(key),
      at: formatLocation(captureLocation(this.root)),
      fix: didYouMean(key, names) ?? machineConfigHint,
    });
  }

  #conversion(path: readonly string[]): FlakeConfigMisuseError {
    return this.#misuse(path, "used as text or as a number", `read one of its attributes; ${machineConfigHint}`);
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

  #name(path: readonly string[]): string {
    return formatPath(["config", ...this.prefix, ...path]);
  }
}

const machineConfigHint =
  "where the machine's own configuration is meant, take `config` from the body's arguments: ({ config, pkgs }) => ({ … })";

/** JavaScript itself asks for these when it awaits, converts or prints a value. */
const languageKeys: ReadonlySet<string> = new Set(["then", "toJSON", "toString", "valueOf", "constructor"]);

function observe(record: EvaluatedRecord | undefined, path: readonly string[], kind: Read["kind"]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return kind === "names" ? Object.keys(record ?? {}) : record;
  const present = record !== undefined && Object.hasOwn(record, key);
  if (rest.length === 0 && kind === "presence") return present;
  if (!present) return undefined;
  if (rest.length === 0 && kind === "value") return record[key];
  return observe(asRecord(record[key]), rest, kind);
}

function asRecord(value: unknown): EvaluatedRecord | undefined {
  // isEvaluated: records and lists only.
  return isEvaluated(value) && !Array.isArray(value) ? (value as EvaluatedRecord) : undefined;
}
