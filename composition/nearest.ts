/** A name further away than this many edits is another name, not a typo. */
const furthestEdits = 2;
const mostNames = 3;

/** Up to three candidates within two edits of `name`, the closest first, then in the alphabet's order. */
export function nearestNames(name: string, candidates: Iterable<string>): readonly string[] {
  const near: { candidate: string; edits: number }[] = [];
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > furthestEdits) continue;
    const edits = editDistance(name, candidate);
    if (edits <= furthestEdits) near.push({ candidate, edits });
  }
  near.sort((a, b) => a.edits - b.edits || compareText(a.candidate, b.candidate));
  return near.slice(0, mostNames).map(({ candidate }) => candidate);
}

/** `did you mean "a", "b" or "c"?`; undefined where nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const near = nearestNames(name, candidates).map((candidate) => JSON.stringify(candidate));
  const last = near.pop();
  if (last === undefined) return undefined;
  return `did you mean ${near.length === 0 ? last : `${near.join(", ")} or ${last}`}?`;
}

/** Order of UTF-16 code units, the same on every machine whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const replace = at(previous, column - 1) + (same ? 0 : 1);
      let best = Math.min(replace, at(previous, column) + 1, at(current, column - 1) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, at(beforePrevious, column - 2) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(numbers: readonly number[], index: number): number {
  return numbers[index] ?? Number.POSITIVE_INFINITY;
}
