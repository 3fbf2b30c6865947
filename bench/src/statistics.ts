/** How figures of several rounds lie. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * @param values - One or more, in any order.
 * @throws RangeError when there is none.
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

/** @throws RangeError when there is no value. */
export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/**
 * How many times as fast (or as sparing) as another: each round's figures are
 * divided by each other, because those of different rounds have met different
 * weather on the machine.
 *
 * @param ours - Seconds, or anything of which less is better, by round.
 * @param theirs - Of the same rounds.
 * @throws RangeError when they are not of the same number of rounds.
 */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length)
    throw new RangeError(`${ours.length} rounds can not be paired with ${theirs.length}`);
  return ours.map((value, round) => (theirs[round] ?? NaN) / value);
}

/** Between two values it is where the line between them is. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError("there is nothing to take a quantile of");
  return below + (above - below) * (place - Math.floor(place));
}
