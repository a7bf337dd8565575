import { EntryReference } from "../entry-reference.ts";
import { isProperty, type Property } from "../lib/property.ts";
import { type DefinedBody, evaluateBody } from "./evaluate-body.ts";
import { NixText } from "./nix-template.ts";
import { isPlainObject } from "./plain-object.ts";
import { isSpliceName, Splice } from "./splice.ts";
import { expressionOf, type NixExpression } from "./symbol.ts";
import { NixString } from "./text-template.ts";
import { NixFile, TreePath } from "./tree-path.ts";

/** What a body holds beside plain data. */
export type LeafValue = EntryReference | TreePath | NixFile | NixText | NixExpression;

/** A value inside a body. */
export interface BodyLeaf {
  readonly value: LeafValue;
  /** Attribute path in the body, e.g. `["home-manager", "users", "cameron", "imports"]`. */
  readonly at: readonly string[];
  /** It stands in a template's text: what the text does with it is not known. */
  readonly inText: boolean;
}

const unknownPlace: DefinedBody = { definedAt: { file: "(unknown file)" } };

/**
 * References, paths, templates and symbols of a body, also those inside of one another. Conditions and priorities
 * (`mkIf`, `mkForce`, …) leave the position as it is.
 */
export function leavesOf(body: unknown, defined: DefinedBody = unknownPlace): Iterable<BodyLeaf> {
  const result = evaluateBody(body, defined);
  switch (result.kind) {
    case "file":
      return leavesIn(result.file, ["imports"], false);
    case "attributes":
      return leavesIn(result.attributes, [], false);
    case "config":
      return leavesIn(result.value, [], false);
    case "module":
      // A body that is a reference is printed into the imports of its definition.
      return leavesIn(result.value, ["imports"], false);
  }
}

function* leavesIn(value: unknown, at: readonly string[], inText: boolean): Iterable<BodyLeaf> {
  if (value instanceof EntryReference || value instanceof TreePath || value instanceof NixFile) {
    yield { value, at, inText };
  } else if (value instanceof NixText) {
    yield { value, at, inText };
    for (const part of value.values) yield* leavesIn(part, at, true);
  } else if (value instanceof NixString) {
    for (const part of value.values) yield* leavesIn(part, at, true);
  } else if (value instanceof Splice) {
    yield* leavesIn(value.symbol, at, inText);
  } else if (Array.isArray(value)) {
    for (const element of value) yield* leavesIn(element, at, inText);
  } else if (isProperty(value)) {
    for (const content of contentsOf(value)) yield* leavesIn(content, at, inText);
  } else if (isPlainObject(value)) {
    for (const [name, attribute] of Object.entries(value))
      yield* leavesIn(attribute, isSpliceName(name) ? at : [...at, name], inText);
  } else {
    const expression = expressionOf(value);
    if (expression !== undefined) yield* leavesInExpression(expression, at, inText);
  }
}

function* leavesInExpression(expression: NixExpression, at: readonly string[], inText: boolean): Iterable<BodyLeaf> {
  yield { value: expression, at, inText };
  if (expression.kind === "call") {
    yield* leavesInExpression(expression.callee, at, inText);
    for (const value of expression.arguments) yield* leavesIn(value, at, inText);
  } else if (expression.kind === "select" && expression.from.kind !== "name") {
    yield* leavesInExpression(expression.from, at, inText);
  }
}

function contentsOf(property: Property): readonly unknown[] {
  return property.kind === "merge" ? property.contents : [property.content];
}
