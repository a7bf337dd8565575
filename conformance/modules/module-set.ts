import fc from "fast-check";
import { flakeLib } from "../../composition/lib/flake-lib.ts";
import { priority, strayValue, type TypeCase, typeCase, underProperties } from "./option-types.ts";

const { mkIf, mkOverride } = flakeLib;

/** Reads an option: its value here, `config.<path>` in Nix text. */
export type ReadOption = (path: string) => unknown;

/** An option that some module declares. */
export interface DeclaredCase {
  readonly path: string;
  readonly type: TypeCase;
  readonly default?: unknown;
  readonly readOnly: boolean;
}

/** A definition in a module, and the property around the set in which it stands. */
export interface Fragment {
  readonly path: string;
  readonly value: (read: ReadOption) => unknown;
  readonly around: (read: ReadOption, content: unknown) => unknown;
  /** The option that it reads. */
  readonly reads?: string;
}

export interface ModuleCase {
  readonly options: readonly DeclaredCase[];
  readonly fragments: readonly Fragment[];
  /** Indices of later modules: imports have no circle. */
  readonly imports: readonly number[];
}

/** Modules that both sides evaluate. */
export interface ModuleSet {
  readonly modules: readonly ModuleCase[];
  /** Indices of the modules that are handed to evalModules; the others are reached by imports only, or not at all. */
  readonly roots: readonly number[];
  /** What is compared. */
  readonly paths: readonly string[];
}

/** `flag` is what conditions read; an option reads only those before it, so that no value depends on itself. */
export const optionPaths = ["flag", "a", "b", "s.x", "s.y"] as const;

const flag: DeclaredCase["type"] = {
  ours: flakeLib.types.bool,
  nix: "lib.types.bool",
  values: fc.boolean(),
  ordered: true,
};

const places = fc.nat({ max: 3 });

/** A definition of an option that nobody declares, perhaps switched off. */
const unheard: fc.Arbitrary<Fragment> = fc
  .tuple(fc.constantFrom(undefined, true, false), underProperties({ values: strayValue, ordered: true }))
  .map(([on, value]) =>
    on === undefined
      ? plainly("unheard", () => value)
      : surrounded("unheard", value, (_read, content) => mkIf(on, content)),
  );

/** Some mistakes are meant: wrong values, options that nobody declares, options declared twice. */
export const moduleSet: fc.Arbitrary<ModuleSet> = fc
  .tuple(
    fc.tuple(...optionPaths.map((path) => option(path))),
    fc.array(places, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(places, places), { maxLength: 4 }),
    fc.oneof({ weight: 19, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.tuple(places, unheard) }),
  )
  .map(([options, roots, edges, unknown]) => {
    const modules = [0, 1, 2, 3].map((index) => ({
      options: options.flatMap(({ declared }) => declared.filter(({ at }) => at === index).map(({ option }) => option)),
      fragments: [
        ...options.flatMap(({ fragments }) =>
          fragments.filter(({ at }) => at === index).map(({ fragment }) => fragment),
        ),
        ...(unknown?.[0] === index ? [unknown[1]] : []),
      ],
      imports: edges.filter(([from, to]) => from === index && to > index).map(([, to]) => to),
    }));
    return { modules, roots: [0, ...new Set(roots.filter((root) => root !== 0))], paths: optionPaths };
  });

interface Spread {
  readonly declared: readonly { readonly at: number; readonly option: DeclaredCase }[];
  readonly fragments: readonly { readonly at: number; readonly fragment: Fragment }[];
}

/** One option with its definitions, spread over the modules. */
function option(path: (typeof optionPaths)[number]): fc.Arbitrary<Spread> {
  return (path === "flag" ? fc.constant(flag) : typeCase)
    .chain((type) => fc.tuple(fc.constant(type), declarations(path, type)))
    .chain(([type, declared]) => {
      // Of a read-only option's definitions nixpkgs counts those that are switched off, too.
      const kind = declared.some(({ option: { readOnly } }) => readOnly)
        ? type.values.map((value) => plainly(path, () => value))
        : fragment(path, type);
      return fc.record({
        declared: fc.constant(declared),
        fragments: fc.array(fc.record({ at: places, fragment: kind }), { maxLength: 3 }),
      });
    });
}

function declarations(path: string, type: TypeCase): fc.Arbitrary<Spread["declared"]> {
  const one = fc
    .record({
      value: fc.option(type.values, { nil: undefined }),
      readOnly: fc.integer({ min: 0, max: 30 }).map((number) => number === 0),
    })
    .map(({ value, readOnly }) => ({ path, type, readOnly, ...(value === undefined ? {} : { default: value }) }));
  // The root always declares: an option that exists nowhere is tried by `unheard`.
  const first = one.map((declared) => [{ at: 0, option: declared }]);
  const again = fc.tuple(one, one, fc.integer({ min: 1, max: 3 })).map(([here, there, at]) => [
    { at: 0, option: here },
    { at, option: there },
  ]);
  return fc.oneof(
    { weight: 30, arbitrary: first },
    // The same submodule twice is one here, as any module is; nixpkgs says "already declared". And of two equal types
    // with a check added, such as port, nixpkgs' union has lost the check.
    { weight: type.ordered && !type.nix.includes("types.port") ? 1 : 0, arbitrary: again },
  );
}

function fragment(path: (typeof optionPaths)[number], type: TypeCase): fc.Arbitrary<Fragment> {
  const values = fc.oneof({ weight: 40, arbitrary: type.values }, { weight: 1, arbitrary: strayValue });
  const before = optionPaths.slice(0, optionPaths.indexOf(path));
  const constant = underProperties({ values, ordered: type.ordered }).map((value) => plainly(path, () => value));
  if (path === "flag") return constant;
  return fc.oneof(
    { weight: 6, arbitrary: constant },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...before).map((other) => ({ ...plainly(path, (read) => read(other)), reads: other })),
    },
    // What surrounds a set goes down to each of its options: inside it there is a plain value.
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.boolean(), underProperties({ values, ordered: type.ordered }))
        .map(([on, value]) => surrounded(path, value, (_read, content) => mkIf(on, content))),
    },
    {
      weight: 1,
      arbitrary: underProperties({ values, ordered: type.ordered }).map((value) =>
        surrounded(path, value, (read, content) => mkIf(read("flag") as boolean, content)),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(priority, values)
        .map(([number, value]) => surrounded(path, value, (_read, content) => mkOverride(number, content))),
    },
  );
}

function plainly(path: string, value: (read: ReadOption) => unknown): Fragment {
  return { path, value, around: (_read, content) => content };
}

function surrounded(path: string, value: unknown, around: Fragment["around"]): Fragment {
  return { path, value: () => value, around };
}
