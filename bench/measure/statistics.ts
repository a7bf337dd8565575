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

/**
 * The exponent `e` for which `y ~ x^e` fits best: least squares of the logarithms.
 * @param points - x and y, both above 0. @throws {RangeError} fewer than two different x.
 */
export function fittedExponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logarithms = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(logarithms.map(([x]) => x)), mean(logarithms.map(([, y]) => y))];
  const spread = logarithms.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (!(spread > 0)) throw new RangeError("an exponent needs two different sizes");
  return logarithms.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
