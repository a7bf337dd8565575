import type { Callee } from "./body/call-site.ts";
import { EntryReference, normaliseClass } from "./entry-reference.ts";
import { FlakeConfigMisuseError, UnknownEntryError } from "./errors.ts";
import { markFlakeConfig, type RepeatableCall } from "./evaluation/config-scope.ts";
import type { EvaluationTrace } from "./evaluation/lazy-value.ts";
import type { EntryNamespace, EntryNamespaces } from "./flake-module.ts";
import { ModuleRun } from "./module-run.ts";
import { didYouMean } from "./nearest.ts";
import { formatPath } from "./option-path.ts";
import { listNames } from "./show-value.ts";
import { captureLocation, formatLocation } from "./source-location.ts";

/** Entries by class, by name. */
export type KnownEntries = ReadonlyMap<string, ReadonlySet<string> | ReadonlyMap<string, unknown>>;

/** JavaScript itself asks for these when it awaits, converts or prints a value. */
const languageKeys: ReadonlySet<string> = new Set(["then", "toJSON", "toString", "valueOf", "constructor"]);

/**
 * Makes `config.flake.modules`. References are given out before anybody knows which entries exist, and are checked
 * together once that is known; later ones, from bodies that are functions, are checked at once.
 */
export class ReferenceMaker {
  readonly #trace: EvaluationTrace;
  readonly #byRun = new Map<unknown, ModuleRun>();
  #current = new ModuleRun();
  /** Values being computed when the module's function was called that runs now; undefined: none does. */
  #depth: number | undefined;
  /** What a function asks for that runs again to show its lines. */
  #repeated: EntryReference[] | undefined;
  #known: KnownEntries | undefined;

  /** @param trace - tells a function's own references from those of values that it is the first to read. */
  constructor(trace: EvaluationTrace) {
    this.#trace = trace;
  }

  /** @param known - entries of the evaluation at hand, for `Object.keys` and `in`; undefined: not known yet. */
  namespaces(known: () => KnownEntries | undefined): EntryNamespaces {
    const classes = namesProxy(
      this.#trace.root,
      ["flake", "modules"],
      (className) => this.#entriesOf(className, known),
      () => [...(known()?.keys() ?? [])],
    );
    // Any class may be named, the well-known ones of the interface among them.
    return classes as EntryNamespaces;
  }

  /**
   * @param run - what runs from now on; undefined: its references do not count.
   * @param called - the module's function that is called now; absent: none.
   */
  startRun(run: unknown, called?: RepeatableCall): void {
    this.#current = called === undefined ? new ModuleRun() : new ModuleRun(called.file, () => this.#repeat(called));
    if (run !== undefined) this.#byRun.set(run, this.#current);
    this.#depth = called && this.#trace.running.length;
  }

  /** The function has returned: what is asked for from now on is asked by values and bodies. */
  endCall(): void {
    this.#depth = undefined;
  }

  /**
   * From now on entries are known.
   * @param complete - false: there are more that nobody can tell, so that a name that is not among them may be one of those.
   * @returns errors for references that were given out and name nothing.
   */
  check(known: KnownEntries, { complete } = { complete: true }): readonly UnknownEntryError[] {
    if (!complete) return [];
    this.#known = known;
    const references = [...this.#byRun.values()].flatMap((run) => run.references);
    const errors = references.flatMap((reference) => unknownEntry(reference, known) ?? []);
    // One line may ask for the same entry twice.
    return [...new Map(errors.map((error) => [error.message, error])).values()];
  }

  #entriesOf(className: string, known: () => KnownEntries | undefined): EntryNamespace {
    return namesProxy(
      this.#trace.root,
      ["flake", "modules", className],
      (entry, callee) => this.#reference(className, entry, callee),
      () => [...(known()?.get(normaliseClass(className))?.keys() ?? [])],
    );
  }

  #reference(className: string, entry: string, callee: Callee | undefined): EntryReference {
    const name = normaliseClass(className);
    const direct = this.#depth === this.#trace.running.length;
    if (direct && this.#repeated === undefined) return this.#current.add(name, entry);
    const reference = new EntryReference(name, entry, captureLocation(this.#trace.root, callee));
    if (this.#repeated === undefined) this.#keep(reference);
    else if (direct) this.#repeated.push(reference);
    return reference;
  }

  /** @throws {UnknownEntryError} entries are known, and it is none of them. */
  #keep(reference: EntryReference): void {
    if (this.#known === undefined) {
      this.#current.addPlaced(reference);
      return;
    }
    const error = unknownEntry(reference, this.#known);
    if (error !== undefined) throw error;
  }

  /** What the function itself asks for when it is called again, each with its place. */
  #repeat({ repeat }: RepeatableCall): readonly EntryReference[] {
    const outer = { repeated: this.#repeated, depth: this.#depth };
    const references: EntryReference[] = [];
    this.#repeated = references;
    this.#depth = this.#trace.running.length;
    try {
      repeat();
    } finally {
      this.#repeated = outer.repeated;
      this.#depth = outer.depth;
    }
    return references;
  }
}

/** A part of `config` that has whatever name is asked of it. */
function namesProxy<T>(
  root: string,
  path: readonly string[],
  get: (name: string, callee?: Callee) => T,
  names: () => readonly string[],
): Readonly<Record<string, T>> {
  const read = (_target: object, name: string | symbol): unknown => {
    if (name === Symbol.toPrimitive) return () => misused(root, path);
    return typeof name === "symbol" || languageKeys.has(name) ? undefined : get(name, read);
  };
  const proxy = new Proxy<Record<string, T>>(
    {},
    {
      get: read,
      has: (_target, name) => typeof name === "string" && names().includes(name),
      ownKeys: () => [...names()],
      getOwnPropertyDescriptor: (_target, name) =>
        typeof name === "string" && names().includes(name)
          ? { get: () => get(name), enumerable: true, configurable: true }
          : undefined,
    },
  );
  markFlakeConfig(proxy, path);
  return proxy;
}

function misused(root: string, path: readonly string[]): never {
  const name = formatPath(["config", ...path]);
  throw new FlakeConfigMisuseError({
    summary: `${name} holds references to entries, and was used as text or as a number`,
    expected: "reading one of its entries",
    found: name,
    at: formatLocation(captureLocation(root)),
    fix: `name the entry: ${name}.base`,
  });
}

function unknownEntry(reference: EntryReference, known: KnownEntries): UnknownEntryError | undefined {
  const { class: className, entry } = reference;
  const entries = known.get(className);
  if (entries?.has(entry) === true) return undefined;
  const { path } = reference;
  const at = formatLocation(reference.usedAt);
  if (entries === undefined || [...entries.keys()].length === 0) {
    return new UnknownEntryError({
      summary: `${path}: no file defines an entry of class ${className}`,
      expected: `one of the classes ${listNames([...known.keys()])}`,
      found: JSON.stringify(className),
      at,
      fix: didYouMean(className, known.keys()) ?? `define it: ${formatPath(["flake", "modules", className, entry])}`,
    });
  }
  const elsewhere = [...known]
    .filter(([other, names]) => other !== className && names.has(entry))
    .map(([other]) => other);
  const other = elsewhere[0] === undefined ? undefined : `class ${elsewhere[0]} has an entry of that name`;
  return new UnknownEntryError({
    summary: `${path}: no file defines this entry`,
    expected: `one of ${listNames([...entries.keys()].sort())}`,
    found: JSON.stringify(entry),
    at,
    fix: didYouMean(entry, entries.keys()) ?? other ?? "define it in a file below modules/, or correct the name",
  });
}
