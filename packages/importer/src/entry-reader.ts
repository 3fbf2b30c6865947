import { InvalidValue } from "@kloset/wire/grpc";
import { describe, quoted } from "@kloset/adapter";
import type { Awaitable, ByteSource, CallContext, ExtendedAttributeEntry, Read, RecordEntry } from "@kloset/model";

/** Opens the content of an entry. */
export interface Reader {
  /** Size in bytes according to the record; undefined if unknown. */
  readonly size: number | undefined;
  open(context: CallContext): Awaitable<ByteSource>;
}

/**
 * The entry's own `read`, called as a method so that it may use `this`.
 *
 * An author may reuse one object for all entries. A shared `read` is called long
 * after the scan has moved on, and would then find the last entry in the object and
 * return its content for another file. {@link EntryReader.open} detects this.
 */
export class EntryReader implements Reader {
  readonly size: number | undefined;
  readonly #entry: RecordEntry | ExtendedAttributeEntry;
  readonly #read: Read;
  readonly #pathname: string;
  readonly #attribute: string | undefined;

  private constructor(entry: RecordEntry | ExtendedAttributeEntry, read: Read, size: number | undefined) {
    this.#entry = entry;
    this.#read = read;
    this.#pathname = entry.pathname;
    this.#attribute = entry.attribute?.name;
    this.size = size;
  }

  /**
   * Creates the reader of an entry.
   *
   * @param size - Size in bytes according to the record; undefined if unknown.
   * @returns undefined if the entry has no `read`.
   * @throws TypeError if `read` is not a function.
   */
  static of(entry: RecordEntry | ExtendedAttributeEntry, size: number | undefined): EntryReader | undefined {
    const read: unknown = entry.read;
    if (read === undefined) return undefined;
    if (typeof read !== "function") throw new InvalidValue(`read must be a function: ${describe(read)}`);
    return new EntryReader(entry, read as Read, size);
  }

  open(context: CallContext): Awaitable<ByteSource> {
    const entry = this.#entry;
    if (entry.read === this.#read && (entry.pathname !== this.#pathname || entry.attribute?.name !== this.#attribute)) {
      throw new Error(
        `the entry of ${quoted(this.#pathname)} was changed after it was yielded, so its content cannot be read: ` +
          "yield a new object for each entry",
      );
    }
    return this.#read.call(entry, context);
  }
}
