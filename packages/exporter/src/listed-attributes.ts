import { PathnameMap } from "@kloset/adapter";

/** Maximum number of names, of all entries together: 20 to 45 bytes each. */
const MAX_NAMES = 5_000_000;

/**
 * The extended attributes that the restored entries list. Holds nothing for entries
 * without attributes, and digests for the others.
 */
export class ListedAttributes {
  readonly #max: number;
  readonly #names = new PathnameMap();
  #isComplete = true;

  /** @param max - Maximum number of names. */
  constructor(max = MAX_NAMES) {
    this.#max = max;
  }

  /** Number of attributes listed. */
  get size(): number {
    return this.#names.size;
  }

  /** False if more attributes were listed than can be remembered. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Remembers the attributes that an entry lists. */
  add(pathname: string, names: readonly string[]): void {
    if (!this.#isComplete) return;
    for (const name of names) this.#names.add(keyOf(pathname, name), 1);
    if (this.#names.size > this.#max) this.#isComplete = false;
  }

  /** Returns true if the entry lists the attribute. */
  has(pathname: string, name: string): boolean {
    return this.#names.get(keyOf(pathname, name)) !== 0;
  }
}

/** Returns a unique key. Pathnames contain no NUL, so the separator is unambiguous. */
function keyOf(pathname: string, name: string): string {
  return `${pathname}\0${name}`;
}
