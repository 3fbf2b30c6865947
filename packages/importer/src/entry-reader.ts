import { describe, quoted } from "@kloset/adapter";
import type { Awaitable, ByteSource, ExtendedAttributeEntry, Read, RecordEntry } from "@kloset/model";

/** Opens what an entry holds. */
export interface Reader {
  /** Bytes that its record says it has; 0 when that is not known. */
  readonly size: bigint;
  open(signal: AbortSignal): Awaitable<ByteSource>;
}

/**
 * The entry's own reader, called as a method: it may use `this`.
 *
 * An author may use one object for all entries. A reader that they share finds the
 * last of them in it when it is called, long after: that would store one file's
 * content as another's.
 */
export class EntryReader implements Reader {
  readonly size: bigint;
  readonly #entry: RecordEntry | ExtendedAttributeEntry;
  readonly #read: Read;
  readonly #pathname: string;
  readonly #attribute: string | undefined;

  private constructor(entry: RecordEntry | ExtendedAttributeEntry, read: Read, size: bigint) {
    this.#entry = entry;
    this.#read = read;
    this.#pathname = entry.pathname;
    this.#attribute = entry.attribute?.name;
    this.size = size;
  }

  /**
   * @param size - As its record says it; 0 for none.
   * @returns undefined when it has none.
   * @throws TypeError when it is no function.
   */
  static of(entry: RecordEntry | ExtendedAttributeEntry, size: bigint): EntryReader | undefined {
    const read: unknown = entry.read;
    if (read === undefined) return undefined;
    if (typeof read !== "function") throw new TypeError(`read must be a function: ${describe(read)}`);
    return new EntryReader(entry, read as Read, size);
  }

  open(signal: AbortSignal): Awaitable<ByteSource> {
    const entry = this.#entry;
    if (entry.read === this.#read && (entry.pathname !== this.#pathname || entry.attribute?.name !== this.#attribute)) {
      throw new Error(
        `the entry of ${quoted(this.#pathname)} was changed after it was yielded, and can not be read: ` +
          "yield a new object for each entry",
      );
    }
    return this.#read.call(entry, signal);
  }
}
