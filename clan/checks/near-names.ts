import { compareText, editDistance } from "../../composition/nearest.ts";

/**
 * True where one name is probably a typo of the other: two edits at most, one for names under five letters. Names whose
 * digits differ count things (`node1`, `node2`): those are never typos of each other.
 */
export function isNear(name: string, other: string): boolean {
  if (name === other || digitsOf(name) !== digitsOf(other)) return false;
  const letters = Math.min(lettersOf(name), lettersOf(other));
  const most = letters < 5 ? 1 : 2;
  return Math.abs(name.length - other.length) <= most && editDistance(name, other) <= most;
}

/** The name that was probably meant: the nearest, then the first in the alphabet; undefined where none is near. */
export function nearestOf(name: string, candidates: Iterable<string>): string | undefined {
  return [...candidates]
    .filter((candidate) => isNear(name, candidate))
    .sort((a, b) => editDistance(name, a) - editDistance(name, b) || compareText(a, b))[0];
}

function digitsOf(name: string): string {
  return name.replaceAll(/\D+/g, " ");
}

function lettersOf(name: string): number {
  return name.replaceAll(/\P{L}/gu, "").length;
}
