import type { Awaitable, ByteSource, CallContext, ConnectorContext, Entry, EntryRef } from "@kloset/model";

/**
 * A source that Plakar backs up. Every method may be sync or async. The message of a
 * thrown error reaches the user verbatim.
 *
 * For each backup, v1.1 hosts run the importer twice, in two processes; the first
 * run only counts entries. A scan must be repeatable and free of side effects.
 */
export interface Importer {
  /** The machine or account that holds the data. Read once, at Init. */
  origin(): Awaitable<string>;
  /** The kind of source, such as "fs" or "s3". Read once, at Init. */
  type(): Awaitable<string>;
  /** Top of the imported tree: absolute, slash-separated and clean, like an entry's pathname. Read once, at Init. */
  root(): Awaitable<string>;
  /**
   * Yields the root and everything below it, directories before their content.
   *
   * Directories may be left out. Hosts need the root and every parent of an entry, up to "/", so the SDK makes those that
   * are missing, with plain attributes: permissions 0o755, user and group 0, modified on 1970-01-01. Yield the directories
   * whose attributes matter. A directory that comes after its content replaces nothing: it becomes an error of its entry.
   *
   * Yield an error entry for an item that cannot be read; throwing fails the backup.
   */
  scan(context: CallContext): Awaitable<AsyncIterable<Entry> | Iterable<Entry>>;
  /**
   * Opens content by name. With this method, entries need no `read`, and a scan of
   * millions of files keeps no readers in memory. An entry's own `read` takes
   * precedence.
   */
  open?(ref: EntryRef, context: CallContext): Awaitable<ByteSource>;
  /**
   * Called when the host has finished with an entry. Only v1.1 hosts send
   * acknowledgements.
   *
   * @param acknowledgement - The entry, and the error if the host could not store it.
   */
  acknowledge?(acknowledgement: Acknowledgement): Awaitable<void>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /** Throws if the source cannot be reached. Without this method, the SDK reports success. */
  ping?(): Awaitable<void>;
  /**
   * Releases the importer. Called once, after all calls have ended, or after 10 s (1 s when the host is gone) even if
   * some have not. Not called when the process is killed.
   */
  close(): Awaitable<void>;
}

/** The host's result for one entry. */
export interface Acknowledgement {
  readonly ref: EntryRef;
  /** Why the entry was not stored; undefined on success. */
  readonly error?: string | undefined;
}

/** Creates an importer. Called when the host sends Init, and again if the host retries a failed Init. */
export type ImporterFactory = (context: ConnectorContext) => Awaitable<Importer>;
