import { ConversionError } from "./errors.ts";
import { type NixBinding, pathIn, readBindings, setIn, type TokenRange } from "./nix-bindings.ts";
import { lambdaAt } from "./nix-lambda.ts";
import { lineAt, type NixComment, type NixToken, readNixTokens } from "./nix-tokens.ts";

/** One definition of an entry, or of something below it: `flake.modules.nixos.base.services.… = …;` */
export interface NixExport {
  readonly class: string;
  readonly entry: string;
  /** Attributes below the entry; empty: the definition is the entry's body. */
  readonly below: readonly string[];
  readonly binding: NixBinding;
  readonly line: number;
}

/** A flake module as its text shows it. */
export interface NixModuleText {
  readonly file: string;
  readonly text: string;
  readonly tokens: readonly NixToken[];
  readonly comments: readonly NixComment[];
  /** Names that a body may use without binding them: the module's arguments, and those of its `let`. */
  readonly names: ReadonlySet<string>;
  /** Name → class, for `inherit (config.flake.modules) nixos;`. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Index of the brace that opens the module's set. */
  readonly opening: number;
  readonly exports: readonly NixExport[];
  /** True: the module says nothing but its exports, and names of classes. */
  readonly holdsExportsOnly: boolean;
}

const modulesPath = ["flake", "modules"];

/**
 * Finds the exports that a flake module writes out: a set, below a function's head and a `let` if it has them, with
 * `flake.modules.<class>.<entry>` in any arrangement of paths and sets.
 * @throws {ConversionError} it is written in another way.
 */
export function readExports(file: string, text: string): NixModuleText {
  const unfit = /\r|\0|\u2028|\u2029|\uFEFF|\uFFFD/u.exec(text);
  if (unfit !== null) throw notUnderstood(file, lineAt(text, unfit.index), `the character ${JSON.stringify(unfit[0])}`);
  const { tokens, comments } = readNixTokens(text, file);
  const line = (index: number): number => lineAt(text, tokens[index]?.start ?? text.length);
  const head = lambdaAt(tokens, 0);
  const start = head?.body ?? 0;
  const isLet = tokens[start]?.text === "let";
  const bound = isLet ? readBindings(tokens, start + 1, "in") : undefined;
  if (isLet && bound === undefined) throw notUnderstood(file, line(start), "a `let` of another kind");
  const opening = bound === undefined ? start : bound.end + 1;
  const inside = setIn(tokens, { from: opening, to: tokens.length });
  const top = inside && readBindings(tokens, inside.from, "}");
  if (top === undefined) throw notUnderstood(file, line(opening), tokens[opening]?.text ?? "nothing");
  const namespaces = namespacesIn(tokens, bound?.inherits ?? []);
  const found = [...exportsIn(tokens, top.bindings, [])];
  const letNames = [
    ...(bound?.bindings ?? []).flatMap(({ path }) => path?.[0] ?? []),
    ...namesOf(bound?.inherits ?? []),
  ];
  return {
    file,
    text,
    tokens,
    comments,
    names: new Set([...(head?.names ?? []), ...letNames]),
    namespaces,
    opening,
    exports: found.flatMap((one) => (one === undefined ? [] : [{ ...one, line: line(one.binding.first) }])),
    holdsExportsOnly:
      !found.includes(undefined) &&
      top.inherits.length === 0 &&
      (bound?.bindings ?? []).length === 0 &&
      letNames.every((name) => namespaces.has(name)),
  };
}

function namesOf(inherits: readonly { readonly names: readonly string[] }[]): readonly string[] {
  return inherits.flatMap(({ names }) => names);
}

function namespacesIn(
  tokens: readonly NixToken[],
  inherits: readonly { readonly from: TokenRange | undefined; readonly names: readonly string[] }[],
): ReadonlyMap<string, string> {
  const those = inherits.filter(
    ({ from }) => from !== undefined && pathIn(tokens, from)?.join(".") === "config.flake.modules",
  );
  return new Map(namesOf(those).map((name) => [name, name]));
}

/** Undefined for each binding that is no export and holds none. */
function* exportsIn(
  tokens: readonly NixToken[],
  bindings: readonly NixBinding[],
  above: readonly string[],
): Iterable<Omit<NixExport, "line"> | undefined> {
  for (const binding of bindings) {
    const whole = binding.path === undefined ? undefined : [...above, ...binding.path];
    const path = whole?.[0] === "config" ? whole.slice(1) : whole;
    if (path === undefined || !modulesPath.every((name, index) => index >= path.length || path[index] === name)) {
      yield undefined;
      continue;
    }
    const [, , className, entry, ...below] = path;
    if (className !== undefined && entry !== undefined) {
      yield { class: className, entry, below, binding };
      continue;
    }
    const inside = setIn(tokens, binding.value);
    const within = inside && readBindings(tokens, inside.from, "}");
    if (within === undefined || within.inherits.length > 0) yield undefined;
    if (within !== undefined) yield* exportsIn(tokens, within.bindings, whole ?? []);
  }
}

function notUnderstood(file: string, line: number, found: string): ConversionError {
  return new ConversionError({
    summary: `${file}: the file is not written as a flake module whose exports can be told apart`,
    expected: "{ config, … }: { flake.modules.<class>.<entry> = …; }, with a `let` above the set at most",
    found,
    at: `${file}:${line}`,
    fix: "write its set out, or move the export by hand; nothing was written",
  });
}
