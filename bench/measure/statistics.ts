/** The middle value; of an even number the mean of the two in the middle. @throws {RangeError} for none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError("the median of nothing");
  return (low + high) / 2;
}

/** Rounds of all contenders, each round in another order: what the machine does meanwhile meets all alike. */
export function interleave<T>(contenders: readonly T[], rounds: number): readonly T[] {
  return Array.from(
    { length: rounds },
    (_, round) => contenders.map((_, index) => contenders[(index + round) % contenders.length] as T), // the index is below the length
  ).flat();
}
