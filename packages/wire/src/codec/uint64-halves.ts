/**
 * Memory for splitting a 64-bit integer into two 32-bit halves and joining them again. Any other method would allocate
 * further bigints.
 *
 * @module
 */
const memory = new ArrayBuffer(8);
const halves = new Uint32Array(memory);

/** The memory as a signed integer. Values that are out of range wrap around. */
export const signed64 = new BigInt64Array(memory);

/** The memory as an unsigned integer. Values that are out of range wrap around. */
export const unsigned64 = new BigUint64Array(memory);

unsigned64[0] = 1n;
const LOW_INDEX = halves[0] === 1 ? 0 : 1;
const HIGH_INDEX = 1 - LOW_INDEX;

/** The memory as two halves, independent of the machine's byte order. */
export const halves64 = {
  get low(): number {
    return halves[LOW_INDEX] as number;
  },
  get high(): number {
    return halves[HIGH_INDEX] as number;
  },
  set(low: number, high: number): void {
    halves[LOW_INDEX] = low;
    halves[HIGH_INDEX] = high;
  },
};
