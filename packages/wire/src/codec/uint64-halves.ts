/**
 * Memory in which a number of 64 bits is taken apart into two of 32, and put together: nothing else does that without
 * making further bigints.
 *
 * @module
 */
const memory = new ArrayBuffer(8);
const halves = new Uint32Array(memory);

/** It as a signed number: what is written wraps around. */
export const signed64 = new BigInt64Array(memory);

/** It as an unsigned number: what is written wraps around. */
export const unsigned64 = new BigUint64Array(memory);

unsigned64[0] = 1n;
const LOW_INDEX = halves[0] === 1 ? 0 : 1;
const HIGH_INDEX = 1 - LOW_INDEX;

/** It as two halves, whatever the order of bytes on this machine. */
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
