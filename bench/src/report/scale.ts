/** Where a ratio stands on an axis on which twice as fast and half as fast are equally far from 1. */
export interface Scale {
  /** @returns The place between 0 and 1. */
  readonly placeOf: (ratio: number) => number;
  /** Powers of two, from the lowest to the highest. */
  readonly ticks: readonly number[];
}

/** An axis that holds all these values, and at least a half to two. */
export function ratioScale(values: readonly number[]): Scale {
  const exponents = values.filter((value) => value > 0 && Number.isFinite(value)).map((value) => Math.log2(value));
  const from = Math.floor(Math.min(-1, ...exponents));
  const to = Math.ceil(Math.max(1, ...exponents));
  return {
    placeOf: (ratio) => Math.min(1, Math.max(0, (Math.log2(ratio) - from) / (to - from))),
    ticks: Array.from({ length: to - from + 1 }, (_, step) => 2 ** (from + step)),
  };
}

/** A tick as people read it: 1/4, 1, 2. */
export function tickLabel(tick: number): string {
  return tick < 1 ? `1/${1 / tick}` : String(tick);
}
