import fc from "fast-check";
import { flakeLib } from "../../composition/lib/flake-lib.ts";
import type { OptionType } from "../../composition/lib/option-type.ts";

const { types, mkOption, mkIf, mkOverride, mkMerge } = flakeLib;

/** One option type in both worlds, and values for it. */
export interface TypeCase {
  readonly ours: OptionType;
  /** The same type as a Nix term, with `lib` in scope. */
  readonly nix: string;
  /** Values that mostly fit. */
  readonly values: fc.Arbitrary<unknown>;
  /** Whether lists below it come in nixpkgs' order: submodules reverse their definitions there, and not here. */
  readonly ordered: boolean;
}

const text = fc.constantFrom("", " ", "a", "b", "\u0024{x}", "''", '"', "\\n", "é");
const whole = fc.integer({ min: -2, max: 3 });
const fraction = fc.constantFrom(0.5, 1.5);
const boolean = fc.boolean();

const scalar: readonly TypeCase[] = [
  { ours: types.str, nix: "lib.types.str", values: text, ordered: true },
  { ours: types.nonEmptyStr, nix: "lib.types.nonEmptyStr", values: text, ordered: true },
  { ours: types.strMatching(/[ab]+/), nix: '(lib.types.strMatching "[ab]+")', values: text, ordered: true },
  { ours: types.bool, nix: "lib.types.bool", values: boolean, ordered: true },
  { ours: types.int, nix: "lib.types.int", values: whole, ordered: true },
  { ours: types.number, nix: "lib.types.number", values: fc.oneof(whole, fraction), ordered: true },
  { ours: types.port, nix: "lib.types.port", values: fc.constantFrom(0, 22, 65535, 65536, -1), ordered: true },
  {
    ours: types.enum(["a", "b", 1]),
    nix: '(lib.types.enum [ "a" "b" 1 ])',
    values: fc.constantFrom("a", "b", 1, "c"),
    ordered: true,
  },
];

/** Values of no type in particular: what is given by mistake. */
export const strayValue = fc.oneof(
  text,
  whole,
  fraction,
  boolean,
  fc.constant(null),
  fc.array(whole, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("a", "b"), whole, { maxKeys: 2, noNullPrototype: true }),
);

const plainTree = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    fc.oneof(text, whole, boolean, fc.constant(null), fc.array(whole, { maxLength: 2 })),
    fc.dictionary(fc.constantFrom("a", "b"), tie("tree"), { maxKeys: 2, noNullPrototype: true }),
  ),
})).tree;

/** A type, containers two levels deep. */
export const typeCase: fc.Arbitrary<TypeCase> = typeOfDepth(2);

function typeOfDepth(depth: number): fc.Arbitrary<TypeCase> {
  const simple = fc.constantFrom<TypeCase>(
    ...scalar,
    { ours: types.anything, nix: "lib.types.anything", values: plainTree, ordered: true },
    { ours: types.raw, nix: "lib.types.raw", values: plainTree, ordered: true },
  );
  if (depth === 0) return simple;
  const inner = typeOfDepth(depth - 1);
  return fc.oneof(
    simple,
    inner.map(list),
    inner.map((element) => attributes("attrsOf", element)),
    inner.map((element) => attributes("lazyAttrsOf", element)),
    inner.map(nullable),
    inner.map(unique),
    fc.tuple(inner, inner).map(([first, second]) => eitherOf(first, second)),
    fc.tuple(inner, fc.option(fc.constantFrom(...scalar), { nil: undefined })).map(([x, free]) => submodule(x, free)),
  );
}

function list({ ours, nix, values, ordered }: TypeCase): TypeCase {
  const element = fc.oneof(
    { weight: 5, arbitrary: values },
    { weight: 1, arbitrary: fc.tuple(boolean, values).map(([on, value]) => mkIf(on, value)) },
  );
  return {
    ours: types.listOf(ours),
    nix: `(lib.types.listOf ${nix})`,
    values: fc.array(element, { maxLength: 3 }),
    ordered,
  };
}

function attributes(kind: "attrsOf" | "lazyAttrsOf", { ours, nix, values, ordered }: TypeCase): TypeCase {
  return {
    ours: types[kind](ours),
    nix: `(lib.types.${kind} ${nix})`,
    values: fc.dictionary(fc.constantFrom("a", "b", "x-y", "é"), underProperties({ values, ordered }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    ordered,
  };
}

function nullable({ ours, nix, values, ordered }: TypeCase): TypeCase {
  return {
    ours: types.nullOr(ours),
    nix: `(lib.types.nullOr ${nix})`,
    values: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: values }),
    ordered,
  };
}

function unique({ ours, nix, values, ordered }: TypeCase): TypeCase {
  return { ours: types.uniq(ours), nix: `(lib.types.uniq ${nix})`, values, ordered };
}

function eitherOf(first: TypeCase, second: TypeCase): TypeCase {
  return {
    ours: types.either(first.ours, second.ours),
    nix: `(lib.types.either ${first.nix} ${second.nix})`,
    values: fc.oneof(first.values, second.values),
    ordered: first.ordered && second.ordered,
  };
}

function submodule(x: TypeCase, free: TypeCase | undefined): TypeCase {
  const options = {
    x: mkOption({ type: x.ours }),
    y: mkOption({ type: types.listOf(types.int), default: [7] }),
  };
  const declared = `x = lib.mkOption { type = ${x.nix}; }; y = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ 7 ]; };`;
  const open = free === undefined ? "" : `freeformType = lib.types.attrsOf ${free.nix};`;
  const optional = {
    x: underProperties(x),
    y: underProperties({ values: fc.array(whole, { maxLength: 2 }), ordered: true }),
    ...(free === undefined ? {} : { other: underProperties(free) }),
  };
  return {
    ours: types.submodule({ options, ...(free === undefined ? {} : { freeformType: types.attrsOf(free.ours) }) }),
    nix: `(lib.types.submodule { ${open} options = { ${declared} }; })`,
    values: fc.record(optional, { requiredKeys: [], noNullPrototype: true }),
    ordered: false,
  };
}

/**
 * Values with properties around them, nested as nixpkgs takes them off: mkMerge and mkIf, inside them one mkOverride,
 * inside it one mkOrder.
 */
export function underProperties({
  values,
  ordered: isOrdered,
}: Pick<TypeCase, "values" | "ordered">): fc.Arbitrary<unknown> {
  const ordered = fc.oneof(
    { weight: 4, arbitrary: values },
    // nixpkgs' submodules choke on a definition with an order: "called with unexpected argument 'priority'".
    { weight: isOrdered ? 1 : 0, arbitrary: order(values) },
  );
  const ranked = fc.oneof(
    { weight: 3, arbitrary: ordered },
    {
      weight: 2,
      arbitrary: fc.tuple(priority, ordered).map(([number, value]) => mkOverride(number, value)),
    },
  );
  const conditional = fc.oneof(
    { weight: 3, arbitrary: ranked },
    { weight: 1, arbitrary: fc.tuple(boolean, ranked).map(([on, value]) => mkIf(on, value)) },
  );
  return fc.oneof(
    { weight: 6, arbitrary: conditional },
    { weight: 1, arbitrary: fc.array(conditional, { maxLength: 3 }).map(mkMerge) },
  );
}

/** Those with names, and numbers beside them. */
export const priority = fc.constantFrom(10, 50, 100, 1000, 1500);
export const orderNumber = fc.constantFrom(500, 1000, 1200, 1500);

function order(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(orderNumber, values).map(([number, value]) => flakeLib.mkOrder(number, value));
}
