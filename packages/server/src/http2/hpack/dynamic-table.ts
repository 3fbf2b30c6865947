import type { HeaderField } from "./static-table.js";

/** The overhead of an entry (RFC 7541, section 4.1). */
const ENTRY_OVERHEAD = 32;

/** Returns the size of a field, counted as in RFC 7541, section 4.1, and RFC 9113, section 6.5.2. */
export function fieldSize([name, value]: HeaderField): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** The entries of one direction of a connection, newest first (RFC 7541, section 2.3.2). */
export class DynamicTable {
  /** Newest last, so that adding is cheap. */
  readonly #entries: HeaderField[] = [];
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Returns an entry by index; the newest has index 0. */
  at(index: number): HeaderField | undefined {
    return this.#entries[this.#entries.length - 1 - index];
  }

  /** Adds an entry. One larger than the table empties it, which is not an error (RFC 7541, section 4.4). */
  add(field: HeaderField): void {
    const size = fieldSize(field);
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    this.#entries.push(field);
    this.#size += size;
  }

  /** Changes the size of the table (RFC 7541, section 4.3). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(size: number): void {
    let evicted = 0;
    while (this.#size > size && evicted < this.#entries.length) {
      const oldest = this.#entries[evicted];
      if (oldest !== undefined) this.#size -= fieldSize(oldest);
      evicted += 1;
    }
    if (evicted > 0) this.#entries.splice(0, evicted);
  }
}
