/** The distribution of a figure over several rounds. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Returns the quartiles and extremes of values in any order.
 *
 * @throws RangeError without values.
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
    lowest: quantile(sorted, 0),
    highest: quantile(sorted, 1),
  };
}

/** Returns the median. @throws RangeError without values. */
export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/**
 * Divides their figures by ours, round by round: figures are not comparable across rounds
 * because of machine noise. Above 1, ours is better.
 *
 * @param ours - Seconds, or any figure where less is better, by round.
 * @param theirs - The figures of the same rounds.
 * @throws RangeError if the numbers of rounds differ.
 */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length)
    throw new RangeError(`${ours.length} rounds cannot be paired with ${theirs.length}`);
  return ours.map((value, round) => (theirs[round] ?? NaN) / value);
}

/** Returns a quantile, interpolated linearly between two values. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError("a quantile needs at least one value");
  return below + (above - below) * (place - Math.floor(place));
}
