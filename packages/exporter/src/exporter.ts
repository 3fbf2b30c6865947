import type {
  Awaitable,
  ByteStream,
  CallContext,
  ConnectorContext,
  ExtendedAttributeKind,
  FileInfo,
} from "@kloset/model";

/**
 * A target that Plakar restores to. Every method may be sync or async. The message
 * of a thrown error reaches the user verbatim.
 *
 * Pathnames are absolute, slash-separated and relative to the root: "/" is the root
 * itself. They are clean: no ".", no "..", no empty component.
 *
 * Calls arrive in the same order from every host: a directory before its entries,
 * content before permissions, and the permissions of directories last, deepest
 * first. Up to `maxConcurrency` files, links and special files are restored
 * concurrently, and directories are created meanwhile: see {@link Exporter.concurrency}.
 */
export interface Exporter {
  /**
   * Maximum number of calls that create entries or change them (all but `root`, `origin`, `type`, `flags`, `ping`,
   * `finish` and `close`) that run at once: a whole number of at least 1, read once, at Init. With 1, for a target such
   * as a tape or an archive, a call begins only after the one before it has settled. It never raises the limit of the
   * host. Default: the host's `maxConcurrency`, and one call of `createDirectory` beside.
   *
   * Calls still arrive in any order that the host's concurrency allows: `setPermissions` of one file can follow
   * `storeFile` of another.
   */
  readonly concurrency?: number | undefined;
  /**
   * Top of the restored tree: absolute, slash-separated and clean, as returned by `cleanPathname`. Read once, at Init.
   */
  root(): Awaitable<string>;
  /** Creates a directory and its missing parents. Must succeed if the directory exists. */
  createDirectory(pathname: string): Awaitable<void>;
  /**
   * Stores the content of a file, replacing any existing entry. Store all of the
   * content or nothing: if `data` throws, discard what was written.
   *
   * Settle only once the file is stored, and await or return every promise that reads
   * `data`: if one is forgotten, the file fails.
   *
   * @param data - Must be read to its end. See `ByteStream` if you call its `next()` yourself.
   * @param size - Size in bytes according to the snapshot. From v1.0 hosts it is
   * exact, and `data` throws if a different number of bytes arrives. From v1.1 hosts
   * it is the size at the time of the scan; undefined if that was unknown.
   */
  storeFile(pathname: string, data: ByteStream, size: number | undefined, context: StoreFileContext): Awaitable<void>;
  /** Sets mode, owner and modification time of an entry. Applies to a symbolic link itself, never to its target. */
  setPermissions(pathname: string, fileInfo: FileInfo): Awaitable<void>;
  /**
   * Creates a link, replacing any existing entry other than a directory. On failure,
   * the existing entry must remain: large files are stored first and replaced by a
   * link if their content turns out to be the same.
   *
   * Without this method, symbolic links fail. Hard links from v1.1 hosts are then
   * stored as separate files; those from v1.0 hosts fail, because they come without
   * content. With very many hard links (hundreds of thousands) from v1.1 hosts, some
   * are stored as separate files in any case.
   *
   * @param oldname - For `"hard"`, the pathname of a previously stored file. For `"symbolic"`, the unmodified target.
   * @param newname - Pathname of the link.
   */
  createLink?(oldname: string, newname: string, kind: LinkKind): Awaitable<void>;
  /** Creates a FIFO. Without this method, FIFOs fail. v1.0 hosts never send one. */
  createSpecial?(pathname: string, fileInfo: FileInfo): Awaitable<void>;
  /**
   * Sets an extended attribute of an entry that was restored before. The SDK requests extended attributes from the host
   * only if this method exists.
   *
   * @param pathname - Relative to the root, as in every other call, although newer hosts send that of the snapshot. An
   * attribute whose owner is not certain is not passed on; one notice on stderr says so.
   */
  setExtendedAttribute?(
    pathname: string,
    name: string,
    kind: ExtendedAttributeKind,
    value: Uint8Array,
  ): Awaitable<void>;
  /** The machine or account that receives the data. Default: the host's name. */
  origin?(): Awaitable<string>;
  /** The kind of target, such as "fs" or "s3". Default: the protocol. */
  type?(): Awaitable<string>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /** Throws if the target cannot be reached. Without this method, the SDK reports success. */
  ping?(): Awaitable<void>;
  /**
   * Completes what was restored, such as an archive that ends with its index. Called at most once, before `close()`,
   * when the host has said that it is done and no other call is running: on v1.1, when it has ended its stream of
   * entries; on v1.0, at its Close. Not called if the host merely disappears, cancels, or stops within a file, or if
   * the restore as a whole has failed. A target without it was not restored completely: let `close()` discard it, or
   * leave it recognizably unfinished.
   *
   * Also called if single entries have failed, each of which the host reports. If such a target must not pass for
   * complete, keep track of them and throw. v1.0 hosts send Close after most failures of their own, too.
   *
   * If it throws, the restore fails with the message on v1.1. v1.0 hosts ignore the answer to their Close, so the
   * message also goes to stderr, and the plugin exits with code 1.
   */
  finish?(): Awaitable<void>;
  /**
   * Releases the exporter. Called once, after all calls have ended, or after 10 s (1 s when the host is gone) even if
   * some have not. Not called when the process is killed.
   */
  close(): Awaitable<void>;
}

/** The context of {@link Exporter.storeFile}. */
export interface StoreFileContext extends CallContext {
  /**
   * Mode, owner and times of the file, for targets that store them with the content, such as an archive. The same is
   * passed to `setPermissions` afterwards. Undefined from v1.0 hosts, which send it only afterwards.
   */
  readonly fileInfo?: FileInfo | undefined;
}

/** The kinds of links. */
export type LinkKind = "hard" | "symbolic";

/** Creates an exporter. Called when the host sends Init, and again if the host retries a failed Init. */
export type ExporterFactory = (context: ConnectorContext) => Awaitable<Exporter>;
