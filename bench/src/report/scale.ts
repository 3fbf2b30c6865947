/** A logarithmic axis: 2 and 1/2 are equally far from 1. */
export interface Scale {
  /** Returns the position of a ratio, from 0 to 1. */
  readonly placeOf: (ratio: number) => number;
  /** Powers of two, from the lowest to the highest. */
  readonly ticks: readonly number[];
}

/** Returns an axis that covers all values, and at least 1/2 to 2. */
export function ratioScale(values: readonly number[]): Scale {
  const exponents = values.filter((value) => value > 0 && Number.isFinite(value)).map((value) => Math.log2(value));
  const from = Math.floor(Math.min(-1, ...exponents));
  const to = Math.ceil(Math.max(1, ...exponents));
  return {
    placeOf: (ratio) => Math.min(1, Math.max(0, (Math.log2(ratio) - from) / (to - from))),
    ticks: Array.from({ length: to - from + 1 }, (_, step) => 2 ** (from + step)),
  };
}

/** Formats a tick: 1/4, 1, 2. */
export function tickLabel(tick: number): string {
  return tick < 1 ? `1/${1 / tick}` : String(tick);
}
