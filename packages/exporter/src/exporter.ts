import type { Awaitable, ByteStream, ConnectorContext, ExtendedAttributeKind, FileInfo } from "@kloset/model";

/**
 * A target that Plakar restores to. Every method may be sync or async. What a
 * method throws reaches the user word for word.
 *
 * Pathnames are absolute and slash-separated, below the root: "/" is the root
 * itself. They are clean: no ".", no "..", no empty component. Calls come in the
 * same order from every host: a directory, then what is in it; content, then
 * permissions; the permissions of directories last, deepest first. Up to
 * `maxConcurrency` files, links and special files are in work at once.
 */
export interface Exporter {
  /** The top of the restore: absolute, slash-separated. Read once, at Init. Must not be empty. */
  root(): Awaitable<string>;
  /** Makes a directory and its missing parents. Called again for existing ones: that must succeed. */
  createDirectory(pathname: string): Awaitable<void>;
  /**
   * Stores the content of a file, replacing what is there. The content must be
   * kept whole or not at all: when `data` throws, throw away what was written.
   *
   * @param data - Must be read to its end.
   * @param size - What the snapshot knows of the size. v1.0 hosts: exact, and
   * `data` throws when other than that comes. v1.1 hosts: the size at the time of
   * the scan.
   * @param signal - Aborted when the host does not want the rest.
   */
  storeFile(pathname: string, data: ByteStream, size: number, signal: AbortSignal): Awaitable<void>;
  /** Sets mode, owner and time of an entry; of a symbolic link itself, never of its target. */
  setPermissions(pathname: string, fileInfo: FileInfo): Awaitable<void>;
  /**
   * Makes a link, replacing what is there unless it is a directory. When it fails,
   * what was there must still be there: large files are stored first, and replaced
   * by a link if their content turns out to be the same.
   *
   * Without this method symbolic links fail, and hard links are stored as files of
   * their own; v1.0 hosts send no content with them, so there they fail, too. From
   * v1.1 hosts some of very many (hundreds of thousands) can come as files all the same.
   *
   * @param oldname - `"hard"`: pathname of a file stored before. `"symbolic"`: the target, as it is.
   * @param newname - Pathname of the link.
   */
  createLink?(oldname: string, newname: string, kind: LinkKind): Awaitable<void>;
  /** Makes a FIFO. Without this method FIFOs fail. v1.0 hosts never send one. */
  createSpecial?(pathname: string, fileInfo: FileInfo): Awaitable<void>;
  /** Sets an extended attribute. With this method the SDK asks the host for them. */
  setExtendedAttribute?(
    pathname: string,
    name: string,
    kind: ExtendedAttributeKind,
    value: Uint8Array,
  ): Awaitable<void>;
  /** The machine or account that the data goes to. Default: the host's name. */
  origin?(): Awaitable<string>;
  /** The kind of target, as "fs" or "s3". Default: the protocol. */
  type?(): Awaitable<string>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /** Throws when the target can not be reached. */
  ping?(): Awaitable<void>;
  /** Called once, when no call runs any more. Not when the process is killed. */
  close(): Awaitable<void>;
}

/** The kinds of links. */
export type LinkKind = "hard" | "symbolic";

/** Makes an exporter. Called once, when the host sends Init. */
export type ExporterFactory = (context: ConnectorContext) => Awaitable<Exporter>;
