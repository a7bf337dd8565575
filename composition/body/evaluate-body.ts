import { FleetError } from "../../errors.ts";
import { EntryReference } from "../entry-reference.ts";
import { flakeConfigPath, isFlakeConfig } from "../evaluation/config-scope.ts";
import { isProperty } from "../lib/property.ts";
import { formatLocation, type SourceLocation } from "../source-location.ts";
import { refuseBranches } from "./branch-check.ts";
import { renderCallSite } from "./call-site.ts";
import { BodyFailedError, BodyShapeError, NixSymbolMisuseError } from "./errors.ts";
import { NixText } from "./nix-template.ts";
import { isPlainObject, type PlainObject } from "./plain-object.ts";
import { forgetAskedKeys, refuseAskedKeys, Splice } from "./splice.ts";
import { bodyArguments, expressionOf, isNixSymbol, type NixExpression, rootName } from "./symbol.ts";
import { NixFile } from "./tree-path.ts";

/** A body after its function, if it is one, was called. */
export type EvaluatedBody =
  /** A module in a Nix file of the tree. */
  | { readonly kind: "file"; readonly file: NixFile }
  /** Attributes of a module. */
  | { readonly kind: "attributes"; readonly attributes: PlainObject }
  /** `lib.mkIf …` and the like: definitions under a condition. */
  | { readonly kind: "config"; readonly value: unknown }
  /** Anything else that is a module in Nix: a template, a reference, a symbol. */
  | { readonly kind: "module"; readonly value: unknown };

/** Where a body stands, for messages only: finding the line costs more than all the rest. */
export interface DefinedBody {
  readonly definedAt: SourceLocation;
}

const evaluated = new WeakMap<object, EvaluatedBody>();

/**
 * What a body says. A function is called once, with symbols.
 * @throws {BodyFailedError} the function threw. @throws {BodyShapeError} it is no body.
 */
export function evaluateBody(body: unknown, defined: DefinedBody): EvaluatedBody {
  if (typeof body !== "function" || isNixSymbol(body)) return classify(body, defined);
  const known = evaluated.get(body);
  if (known !== undefined) return known;
  refuseBranches(body, defined);
  const result = classify(call(body, defined), defined);
  evaluated.set(body, result);
  return result;
}

function call(body: object, defined: DefinedBody): unknown {
  forgetAskedKeys();
  try {
    // What a flake module hands over as a function is called as a body; its own type is not known here.
    const result = (body as unknown as (args: unknown) => unknown)(bodyArguments());
    refuseAskedKeys();
    return result;
  } catch (error) {
    if (error instanceof FleetError) throw error;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new BodyFailedError(
      {
        summary: `a body threw: ${message}`,
        expected: "a function that gives an attribute set, or a nix template",
        found: message,
        at: formatLocation(defined.definedAt),
        fix: "correct the function; what only Nix knows belongs into a nix template",
      },
      { cause: error },
    );
  }
}

function classify(body: unknown, defined: DefinedBody): EvaluatedBody {
  if (body instanceof NixFile) return { kind: "file", file: body };
  if (body instanceof NixText || body instanceof EntryReference) return { kind: "module", value: body };
  if (isProperty(body)) return { kind: "config", value: body };
  const expression = expressionOf(body);
  if (expression !== undefined) return classifyExpression(body, expression, defined);
  if (typeof body === "object" && body !== null && isFlakeConfig(body))
    throw flakeConfigError(body, formatLocation(defined.definedAt));
  if (!isPlainObject(body)) throw shapeError("a body", describe(body), defined);
  checkImports(body, defined);
  checkSpreads(body);
  return { kind: "attributes", attributes: body };
}

function classifyExpression(body: unknown, expression: NixExpression, defined: DefinedBody): EvaluatedBody {
  if (isDefinitionCall(expression)) return { kind: "config", value: body };
  refuseLate(body, formatLocation(defined.definedAt));
  return { kind: "module", value: body };
}

/** Functions of nixpkgs' lib whose result is definitions, not a module: they belong into `config`. */
const definitionFunctions: ReadonlySet<string> = new Set([
  "mkIf",
  "mkMerge",
  "mkDefault",
  "mkForce",
  "mkOverride",
  "mkOrder",
  "mkBefore",
  "mkAfter",
]);

function isDefinitionCall(expression: NixExpression): boolean {
  if (expression.kind !== "call") return false;
  const { callee } = expression;
  if (callee.kind === "call") return isDefinitionCall(callee);
  return (
    callee.kind === "select" &&
    callee.from.kind === "name" &&
    callee.from.name === "lib" &&
    definitionFunctions.has(callee.attribute)
  );
}

function checkImports(attributes: PlainObject, defined: DefinedBody): void {
  const { imports } = attributes;
  if (imports === undefined || Array.isArray(imports) || imports instanceof NixText || isNixSymbol(imports)) return;
  throw shapeError("`imports` of a body", describe(imports), defined, "a list of references, files and modules");
}

/** Roots whose values Nix knows only after it has read every module's attributes. */
const knownLate: ReadonlySet<string> = new Set(["config", "osConfig", "pkgs"]);

function checkSpreads(attributes: PlainObject): void {
  for (const value of Object.values(attributes))
    if (value instanceof Splice) refuseLate(value.symbol, renderCallSite(value.usedAt));
}

/** Which attributes a module has may not depend on what the modules say: Nix would go round in circles, and not say why. */
function refuseLate(value: unknown, at: string): void {
  const late = [...rootsIn(value)].find((root) => knownLate.has(root));
  if (late === undefined) return;
  throw new NixSymbolMisuseError({
    summary: `a body's own attributes depend on \`${late}\`, which Nix knows only once it has them`,
    expected: "attributes that are there in any case, with lib.mkIf in their values",
    found: `a whole body, or a spread at its top, that \`${late}\` decides`,
    at,
    fix: "return lib.mkMerge([{ … }, lib.mkIf(condition, { … })]), or put lib.mkIf into the values",
  });
}

/** Names at the roots of a symbol and of what it was called with. */
function* rootsIn(value: unknown): Iterable<string> {
  const expression = expressionOf(value);
  if (expression !== undefined) {
    yield rootName(expression);
    for (let at = expression; at.kind !== "name"; at = at.kind === "call" ? at.callee : at.from)
      if (at.kind === "call") for (const argument of at.arguments) yield* rootsIn(argument);
  } else if (Array.isArray(value)) {
    // Elements are computed when they are needed, but a condition hidden in a list of arguments is needed at once.
    for (const element of value) yield* rootsIn(element);
  }
}

function shapeError(
  what: string,
  found: string,
  defined: DefinedBody,
  expected = "an attribute set, a nix template, nixFile(…), a reference, or a function that gives one of these",
): BodyShapeError {
  return new BodyShapeError({
    summary: `${what} is ${found}`,
    expected,
    found,
    at: formatLocation(defined.definedAt),
    fix: found === "a promise" ? "make the function synchronous: nothing in it can be awaited" : `write ${expected}`,
  });
}

/** Taking the flake's `config` for the machine's. */
export function flakeConfigError(value: object, at: string): BodyShapeError {
  const name = ["config", ...(flakeConfigPath(value) ?? [])].join(".");
  return new BodyShapeError({
    summary: `${name} is the flake's configuration, used as a value of a machine`,
    expected: "the machine's own configuration, or data",
    found: `the flake's ${name}`,
    at,
    fix: "take `config` from the body's arguments, ({ config, pkgs }) => ({ … }), and give the flake's another name",
  });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return "a promise";
  if (typeof value !== "object") return `a ${typeof value}`;
  return "an object that is no attribute set";
}
