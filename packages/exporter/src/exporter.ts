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
 * concurrently.
 */
export interface Exporter {
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
  /** Sets an extended attribute. The SDK requests extended attributes from the host only if this method exists. */
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
