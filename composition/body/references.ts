import { EntryReference } from "../entry-reference.ts";
import type { DefinedBody } from "./evaluate-body.ts";
import { type BodyLeaf, leavesOf } from "./leaves.ts";

/** A reference inside a body. */
export interface BodyReference extends Omit<BodyLeaf, "value"> {
  readonly reference: EntryReference;
}

/** By body: the checks of classes, the model and the rules all ask, and a large fleet has 200,000 references. */
const collected = new WeakMap<object, readonly BodyReference[]>();

/** Every reference in a body, with its place in it. A body is looked through once; it is not to be changed afterwards. */
export function collectReferences(body: unknown, defined?: DefinedBody): readonly BodyReference[] {
  if (!isObject(body)) return referencesOf(body, defined);
  const known = collected.get(body);
  if (known !== undefined) return known;
  const references = referencesOf(body, defined);
  collected.set(body, references);
  return references;
}

function isObject(value: unknown): value is object {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

function referencesOf(body: unknown, defined: DefinedBody | undefined): readonly BodyReference[] {
  const references: BodyReference[] = [];
  for (const { value, at, inText } of leavesOf(body, defined))
    if (value instanceof EntryReference) references.push({ reference: value, at, inText });
  return references;
}
