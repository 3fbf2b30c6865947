/** Number of 32-bit words kept of each digest: 128 bits. The lowest bits of the last word hold the value instead. */
const WORDS = 4;

/** The largest value, and a mask of the bits that hold it. */
const MAX_VALUE = 7;

/** Number of tables, a power of two. Each table grows separately, which limits the memory and time of one growth. */
const TABLES = 64;

/** Initial number of slots per table, a power of two. */
const FIRST_SLOTS = 16;

/** Load factor above which a table grows: open addressing slows down beyond it. */
const MAX_LOAD = 0.75;

/** Number of pathnames up to which strings are kept: most scans never load `node:crypto`, which takes 3 ms. */
export const MAX_STRINGS = 1024;

/**
 * A map from pathnames to integers from 1 to {@link MAX_VALUE}. Of more than
 * {@link MAX_STRINGS} pathnames it stores only 16-byte digests: 20 to 45 bytes per
 * pathname including free slots. A `Map` of strings takes over 100 bytes each and
 * throws at 16.7 million entries.
 *
 * A digest is 125 bits of a SHA-256. The probability that any two of a hundred
 * million pathnames collide is about 10^-22, and a collision cannot be constructed
 * on purpose.
 *
 * Pathnames must be well-formed: lone surrogates are not distinguished.
 */
export class PathnameMap {
  #strings = new Map<string, number>();
  #digests: Digests | undefined;

  /** Number of pathnames in the map. */
  get size(): number {
    return this.#digests?.size ?? this.#strings.size;
  }

  /** Returns the value of a pathname; 0 if it is not in the map. */
  get(pathname: string): number {
    return this.#digests === undefined ? (this.#strings.get(pathname) ?? 0) : this.#digests.get(pathname);
  }

  /**
   * Adds a pathname, unless it is in the map.
   *
   * @returns The value that it had already; 0 if it was added.
   */
  add(pathname: string, value: number): number {
    if (this.#digests === undefined) {
      const old = this.#strings.get(pathname);
      if (old !== undefined) return old;
      if (this.#strings.size < MAX_STRINGS) {
        this.#strings.set(pathname, value);
        return 0;
      }
      this.#digests = new Digests(this.#strings);
      this.#strings.clear();
    }
    return this.#digests.add(pathname, value);
  }

  /** Changes the value of a pathname that is in the map. */
  change(pathname: string, value: number): void {
    if (this.#digests === undefined) this.#strings.set(pathname, value);
    else this.#digests.change(pathname, value);
  }
}

/** The digests of many pathnames, with their values. */
class Digests {
  readonly #hash = process.getBuiltinModule("node:crypto").hash;
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  constructor(entries: Iterable<readonly [string, number]>) {
    for (const [pathname, value] of entries) this.add(pathname, value);
  }

  get size(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0);
  }

  get(pathname: string): number {
    const digest = this.#digestOf(pathname);
    return this.#tableOf(digest).get(digest);
  }

  add(pathname: string, value: number): number {
    const digest = this.#digestOf(pathname);
    return this.#tableOf(digest).add(digest, value);
  }

  change(pathname: string, value: number): void {
    const digest = this.#digestOf(pathname);
    this.#tableOf(digest).change(digest, value);
  }

  /** Returns a binary string: creating a buffer for each digest takes five times as long. */
  #digestOf(pathname: string): string {
    return this.#hash("sha256", pathname, "binary");
  }

  #tableOf(digest: string): Table {
    return this.#tables[wordOf(digest, 0) & (TABLES - 1)] as Table; // The index is below TABLES.
  }
}

function wordOf(digest: string, index: number): number {
  const at = index * 4;
  const low = digest.charCodeAt(at) | (digest.charCodeAt(at + 1) << 8);
  const high = digest.charCodeAt(at + 2) | (digest.charCodeAt(at + 3) << 8);
  return (low | (high << 16)) >>> 0;
}

/** Digests and their values in one array, with open addressing and linear probing. A last word of 0 marks a free slot. */
class Table {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  size = 0;

  get(digest: string): number {
    return this.#valueAt(this.#find(digest));
  }

  add(digest: string, value: number): number {
    if (this.size + 1 > this.#slots * MAX_LOAD) this.#grow();
    const at = this.#find(digest);
    const old = this.#valueAt(at);
    if (old !== 0) return old;
    const words = this.#words;
    for (let index = 0; index < WORDS; index++) words[at + index] = wordOf(digest, index);
    this.#setValue(at, value);
    this.size++;
    return 0;
  }

  change(digest: string, value: number): void {
    this.#setValue(this.#find(digest), value);
  }

  #valueAt(at: number): number {
    return (this.#words[at + 3] ?? 0) & MAX_VALUE;
  }

  #setValue(at: number, value: number): void {
    this.#words[at + 3] = ((this.#words[at + 3] ?? 0) & ~MAX_VALUE) | value;
  }

  /** Returns the index of the digest, or of the free slot where it belongs. */
  #find(digest: string): number {
    const words = this.#words;
    const first = wordOf(digest, 0);
    const second = wordOf(digest, 1);
    const third = wordOf(digest, 2);
    const last = (wordOf(digest, 3) & ~MAX_VALUE) >>> 0;
    let at = this.#firstSlot(second);
    for (;;) {
      const found = words[at + 3] ?? 0;
      if (found === 0) return at;
      if (
        (found & ~MAX_VALUE) >>> 0 === last &&
        words[at] === first &&
        words[at + 1] === second &&
        words[at + 2] === third
      ) {
        return at;
      }
      at = this.#nextSlot(at);
    }
  }

  /** Uses the second word: the first has selected the table. */
  #firstSlot(second: number): number {
    return (second & (this.#slots - 1)) * WORDS;
  }

  #nextSlot(at: number): number {
    const next = at + WORDS;
    return next === this.#words.length ? 0 : next;
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + 3] === 0) continue;
      let to = this.#firstSlot(old[from + 1] ?? 0);
      while (this.#words[to + 3] !== 0) to = this.#nextSlot(to);
      this.#words.set(old.subarray(from, from + WORDS), to);
    }
  }
}
