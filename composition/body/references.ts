import { EntryReference } from "../entry-reference.ts";
import type { SourceLocation } from "../source-location.ts";
import { type BodyLeaf, leavesOf } from "./leaves.ts";

/** A reference inside a body. */
export interface BodyReference extends Omit<BodyLeaf, "value"> {
  readonly reference: EntryReference;
}

/** Every reference in a body, with its place in it. */
export function collectReferences(body: unknown, definedAt?: SourceLocation): readonly BodyReference[] {
  const references: BodyReference[] = [];
  for (const { value, at, inText } of leavesOf(body, definedAt))
    if (value instanceof EntryReference) references.push({ reference: value, at, inText });
  return references;
}
