/**
 * A deterministic random number generator: input 4,711 of a seed is the same on every machine
 * and in every run.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed - Any integers. A change in one of them changes the whole sequence. */
  constructor(...seed: readonly number[]) {
    let state = 0x9e37_79b9;
    const next = (): number => {
      // splitmix32
      state = (state + 0x9e37_79b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    for (const one of seed) state = (Math.imul(next() ^ (one >>> 0), 0x85eb_ca6b) + Math.floor(one / 2 ** 32)) >>> 0;
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = 1;
  }

  /** Returns 32 random bits (sfc32). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#d) >>> 0;
    this.#d = (this.#d + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) >>> 0;
    this.#c = (this.#c + sum) >>> 0;
    return sum;
  }

  /** Returns an integer from 0 up to, but excluding, `limit`. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }

  /** Returns an integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns a size: mostly small, sometimes up to `most`. */
  size(most: number): number {
    return Math.floor(most ** (this.uint32() / 2 ** 32)) - (this.chance(0.1) ? 1 : 0);
  }

  /** Returns true with a given probability. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }

  /** Picks an element. */
  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  /** Picks an element; undefined if the list is empty. */
  pickOf<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }

  /** Returns random bytes. */
  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = this.uint32() >>> 24;
    return bytes;
  }

  /** Returns a byte, often one with a special meaning in many formats. */
  byte(): number {
    return this.chance(0.4) ? this.pick([0, 1, 0x7f, 0x80, 0xff]) : this.below(256);
  }
}
