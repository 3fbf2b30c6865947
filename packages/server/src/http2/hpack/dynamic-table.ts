import type { HeaderField } from "./static-table.js";

/** What an entry costs beside its bytes (RFC 7541, section 4.1). */
const ENTRY_OVERHEAD = 32;

/** The size of a field as RFC 7541, section 4.1, and RFC 9113, section 6.5.2, count it. */
export function fieldSize([name, value]: HeaderField): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** The entries of one direction of a connection, newest first (RFC 7541, section 2.3.2). */
export class DynamicTable {
  /** Newest last: adding is cheap. */
  readonly #entries: HeaderField[] = [];
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The entry of an index that begins AT 0 with the newest. */
  at(index: number): HeaderField | undefined {
    return this.#entries[this.#entries.length - 1 - index];
  }

  /** RFC 7541, section 4.4: an entry larger than the table empties it, and is no error. */
  add(field: HeaderField): void {
    const size = fieldSize(field);
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    this.#entries.push(field);
    this.#size += size;
  }

  /** RFC 7541, section 4.3. */
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
