/** 32-bit words of a digest that are kept: 128 bits. */
const WORDS = 4;

/** The set is cut into this many tables, a power of two: each grows alone, so that growing needs little memory and time AT once. */
const TABLES = 64;

/** Digests that a table has room for AT first, a power of two. */
const FIRST_SLOTS = 16;

/** A table grows beyond this share of full slots: open addressing slows down behind it. */
const MAX_LOAD = 0.75;

/**
 * A set of pathnames that holds none of them, only 16 bytes for each, and room to
 * grow: 20 to 45 bytes in all. A `Set` of strings takes over 100, and throws AT
 * 16.7 million.
 *
 * What is kept is half of a SHA-256. The chance that two of a hundred million
 * pathnames share it is about 10^-23, and nobody can make such a pair on purpose.
 */
export class PathnameSet {
  /** Loaded here, not AT the start: only v1.0 needs it, and cryptography takes long to load. */
  readonly #hash = process.getBuiltinModule("node:crypto").hash;
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  /** How many pathnames are in the set. */
  get size(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * @param pathname - Well-formed: what UTF-8 can not carry is all the same to it.
   * @returns false when the pathname was in the set already.
   */
  add(pathname: string): boolean {
    // A string of its bytes: making a buffer for each takes five times as long.
    const digest = this.#hash("sha256", pathname, "binary");
    const first = wordOf(digest, 0);
    const table = this.#tables[first & (TABLES - 1)] as Table; // There are as many.
    return table.add(first, wordOf(digest, 1), wordOf(digest, 2), wordOf(digest, 3));
  }
}

function wordOf(digest: string, index: number): number {
  const at = index * 4;
  const low = digest.charCodeAt(at) | (digest.charCodeAt(at + 1) << 8);
  const high = digest.charCodeAt(at + 2) | (digest.charCodeAt(at + 3) << 8);
  return (low | (high << 16)) >>> 0;
}

/** Digests in one array, by open addressing with linear probing. */
class Table {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  size = 0;

  /** @returns false when the digest was there already. */
  add(first: number, second: number, third: number, fourth: number): boolean {
    if (this.size + 1 > this.#slots * MAX_LOAD) this.#grow();
    // A slot is free when its last word is 0.
    const added = this.#put(first, second, third, fourth === 0 ? 1 : fourth);
    if (added) this.size++;
    return added;
  }

  /** Looks from where the digest belongs to the next free slot: there always is one. */
  #put(first: number, second: number, third: number, last: number): boolean {
    const words = this.#words;
    // Not by the first word: that one has chosen the table.
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
