import { EntryReference } from "../entry-reference.ts";
import { isProperty, type Property } from "../lib/property.ts";
import type { SourceLocation } from "../source-location.ts";
import { evaluateBody } from "./evaluate-body.ts";
import { NixText } from "./nix-template.ts";
import { isPlainObject } from "./plain-object.ts";
import { expressionOf, type NixExpression } from "./symbol.ts";

/** A reference inside a body. */
export interface BodyReference {
  readonly reference: EntryReference;
  /** Attribute path in the body, e.g. `["home-manager", "users", "cameron", "imports"]`. */
  readonly at: readonly string[];
  /** It stands in a template's text: what the text does with it is not known. */
  readonly inText: boolean;
}

const unknownPlace: SourceLocation = { file: "(unknown file)" };

/** Every reference in a body. Conditions and priorities (`mkIf`, `mkForce`, …) leave the position as it is. */
export function collectReferences(body: unknown, definedAt: SourceLocation = unknownPlace): readonly BodyReference[] {
  const result = evaluateBody(body, definedAt);
  switch (result.kind) {
    case "file":
      return [];
    case "attributes":
      return [...referencesIn(result.attributes, [], false)];
    case "config":
      return [...referencesIn(result.value, [], false)];
    case "module":
      // A body that is a reference is printed into the imports of its definition.
      return [...referencesIn(result.value, ["imports"], false)];
  }
}

function* referencesIn(value: unknown, at: readonly string[], inText: boolean): Iterable<BodyReference> {
  if (value instanceof EntryReference) {
    yield { reference: value, at, inText };
  } else if (value instanceof NixText) {
    for (const part of value.values) yield* referencesIn(part, at, true);
  } else if (Array.isArray(value)) {
    for (const element of value) yield* referencesIn(element, at, inText);
  } else if (isProperty(value)) {
    for (const content of contentsOf(value)) yield* referencesIn(content, at, inText);
  } else if (isPlainObject(value)) {
    for (const [name, attribute] of Object.entries(value)) yield* referencesIn(attribute, [...at, name], inText);
  } else {
    const expression = expressionOf(value);
    if (expression !== undefined) yield* referencesInExpression(expression, at, inText);
  }
}

function* referencesInExpression(
  expression: NixExpression,
  at: readonly string[],
  inText: boolean,
): Iterable<BodyReference> {
  if (expression.kind === "name") return;
  yield* referencesInExpression(expression.kind === "select" ? expression.from : expression.callee, at, inText);
  if (expression.kind === "call") for (const value of expression.arguments) yield* referencesIn(value, at, inText);
}

function contentsOf(property: Property): readonly unknown[] {
  return property.kind === "merge" ? property.contents : [property.content];
}
