/** Number of 32-bit words kept of each digest: 128 bits. */
const WORDS = 4;

/** Number of tables, a power of two. Each table grows separately, which limits the memory and time of one growth. */
const TABLES = 64;

/** Initial number of slots per table, a power of two. */
const FIRST_SLOTS = 16;

/** Load factor above which a table grows: open addressing slows down beyond it. */
const MAX_LOAD = 0.75;

/**
 * A set of pathnames that stores only a 16-byte digest of each: 20 to 45 bytes per
 * pathname including free slots. A `Set` of strings takes over 100 bytes each and
 * throws at 16.7 million entries.
 *
 * The digest is half of a SHA-256. The probability that any two of a hundred
 * million pathnames collide is about 10^-23, and a collision cannot be constructed
 * on purpose.
 */
export class PathnameSet {
  /** Loaded lazily: only v1.0 needs it, and `node:crypto` is slow to load. */
  readonly #hash = process.getBuiltinModule("node:crypto").hash;
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  /** Number of pathnames in the set. */
  get size(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Adds a pathname.
   *
   * @param pathname - Must be well-formed: lone surrogates are not distinguished.
   * @returns false if the pathname was already in the set.
   */
  add(pathname: string): boolean {
    // A binary string: creating a buffer for each digest takes five times as long.
    const digest = this.#hash("sha256", pathname, "binary");
    const first = wordOf(digest, 0);
    const table = this.#tables[first & (TABLES - 1)] as Table; // The index is below TABLES.
    return table.add(first, wordOf(digest, 1), wordOf(digest, 2), wordOf(digest, 3));
  }
}

function wordOf(digest: string, index: number): number {
  const at = index * 4;
  const low = digest.charCodeAt(at) | (digest.charCodeAt(at + 1) << 8);
  const high = digest.charCodeAt(at + 2) | (digest.charCodeAt(at + 3) << 8);
  return (low | (high << 16)) >>> 0;
}

/** Digests in one array, with open addressing and linear probing. */
class Table {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  size = 0;

  /** Adds a digest. Returns false if it was already present. */
  add(first: number, second: number, third: number, fourth: number): boolean {
    if (this.size + 1 > this.#slots * MAX_LOAD) this.#grow();
    // A last word of 0 marks a free slot.
    const added = this.#put(first, second, third, fourth === 0 ? 1 : fourth);
    if (added) this.size++;
    return added;
  }

  /** Probes from the digest's own slot to the next free one, which always exists. */
  #put(first: number, second: number, third: number, last: number): boolean {
    const words = this.#words;
    // Use the second word: the first has selected the table.
    let at = (second & (this.#slots - 1)) * WORDS;
    while (words[at + 3] !== 0) {
      if (words[at + 3] === last && words[at] === first && words[at + 1] === second && words[at + 2] === third) {
        return false;
      }
      at += WORDS;
      if (at === words.length) at = 0;
    }
    words[at] = first;
    words[at + 1] = second;
    words[at + 2] = third;
    words[at + 3] = last;
    return true;
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const last = old[at + 3];
      if (last !== undefined && last !== 0) this.#put(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, last);
    }
  }
}
