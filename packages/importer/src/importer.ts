import type { Awaitable, ByteSource, ConnectorContext, Entry, EntryRef } from "@kloset/model";

/**
 * A source that Plakar backs up. Every method may be sync or async. What a
 * method throws reaches the user word for word.
 *
 * v1.1 hosts run every importer twice for one backup, in two processes: once
 * only to count. A scan must be repeatable and free of side effects.
 */
export interface Importer {
  /** The machine or account that the data comes from. Read once, at Init. */
  origin(): Awaitable<string>;
  /** The kind of source, as "fs" or "s3". Read once, at Init. */
  type(): Awaitable<string>;
  /** The top of what is imported: absolute, slash-separated, clean as pathnames of entries are. Read once, at Init. */
  root(): Awaitable<string>;
  /**
   * Yields every entry: the root, every parent of it up to "/", and everything
   * below. What can not be read is yielded as an error entry. A throw fails the
   * backup.
   *
   * @param signal - Aborted when the host does not want the rest.
   */
  scan(signal: AbortSignal): Awaitable<AsyncIterable<Entry> | Iterable<Entry>>;
  /**
   * Opens content by name, for importers that can: then entries need no `read`,
   * and a scan of millions of files holds nothing in memory. An entry's own
   * `read` goes first.
   *
   * @param signal - Aborted when the host does not want the rest.
   */
  open?(ref: EntryRef, signal: AbortSignal): Awaitable<ByteSource>;
  /**
   * The host is done with an entry (v1.1 hosts only: v1.0 never says so).
   *
   * @param acknowledgement - The entry, and what went wrong with it, if anything.
   */
  acknowledge?(acknowledgement: Acknowledgement): Awaitable<void>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /** Throws when the source can not be reached. */
  ping?(): Awaitable<void>;
  /** Called once, when no call runs any more. Not when the process is killed. */
  close(): Awaitable<void>;
}

/** What the host says of an entry that it is done with. */
export interface Acknowledgement {
  readonly ref: EntryRef;
  /** Why the host could not keep the entry; undefined when it did. */
  readonly error?: string | undefined;
}

/** Makes an importer. Called once, when the host sends Init. */
export type ImporterFactory = (context: ConnectorContext) => Awaitable<Importer>;
